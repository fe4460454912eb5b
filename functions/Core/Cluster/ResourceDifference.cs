using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>One object before and after a batch of changes; never null on both sides.</summary>
/// <param name="Key">The object.</param>
/// <param name="Before">As it was; null if it was not there.</param>
/// <param name="After">As it is; null if it is gone.</param>
public readonly record struct ResourceDifference(ResourceKey Key, Resource? Before, Resource? After);

/// <summary>A deletion that is remembered.</summary>
/// <param name="ResourceVersion">Changes up to this version come too late.</param>
/// <param name="At">When the journal took the deletion.</param>
public readonly record struct Tombstone(string ResourceVersion, DateTimeOffset At);
