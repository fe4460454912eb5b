using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Kubernetes;

/// <summary>Reads a cluster for itself, past the events: its API server, or a folder of manifests that stands for it.</summary>
public interface IClusterReader
{
    /// <summary>The kinds that a whole list has.</summary>
    ImmutableArray<ResourceKind> Kinds { get; }

    /// <summary>
    /// Lists everything, as it is when this is called or later. A kind that cannot be listed is missing from the list and named;
    /// it holds up no other.
    /// </summary>
    /// <exception cref="IOException">Nothing can be read.</exception>
    Task<ClusterListing> ListAsync(CancellationToken cancel);

    /// <summary>Reads one object as it is now; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<Resource?> ReadAsync(ResourceKey key, CancellationToken cancel);

    /// <summary>
    /// The certificate and private key of a <c>kubernetes.io/tls</c> Secret, in memory; null when there is no such Secret or it is not whole.
    /// </summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<TlsKeyPair?> ReadKeyPairAsync(string scope, string name, CancellationToken cancel);
}

/// <summary>A list of a cluster.</summary>
/// <param name="Cluster">What could be read.</param>
/// <param name="Refusals">Objects that could not, and why.</param>
/// <param name="Failures">Kinds that could not be listed, and why.</param>
public sealed record ClusterListing(ClusterList Cluster, ImmutableArray<string> Refusals, ImmutableArray<string> Failures);
