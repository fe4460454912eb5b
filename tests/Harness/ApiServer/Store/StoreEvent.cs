namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>One change of one object.</summary>
/// <param name="Revision">The revision that it made.</param>
/// <param name="Before">The object before; null when it is new.</param>
/// <param name="After">The object after; null when it is gone.</param>
internal sealed record StoreEvent(long Revision, StoredObject? Before, StoredObject? After);
