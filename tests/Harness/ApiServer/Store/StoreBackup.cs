using System.Collections.Immutable;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>A backup of the store.</summary>
/// <param name="Revision">The revision that it is of.</param>
/// <param name="Objects">All objects.</param>
internal sealed record StoreBackup(
    long Revision, IReadOnlyDictionary<ApiResource, ImmutableSortedDictionary<string, StoredObject>> Objects);
