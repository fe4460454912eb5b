using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Proxies;

/// <summary>What of a proxy is not as desired.</summary>
/// <param name="IsReady">Whether it was ever pushed to in full since it started.</param>
/// <param name="Steps">What a push would do, a phrase each; what it is known to refuse is not among them.</param>
/// <param name="Losses">How much of what it has in use a push would take out of use, by the kind of object that it follows from.</param>
public sealed record ProxyDiff(bool IsReady, ImmutableArray<string> Steps, ImmutableArray<ProxyLoss> Losses);

/// <summary>How much of what a proxy has in use would be lost.</summary>
/// <param name="Kind">The kind of object that it follows from.</param>
/// <param name="Lost">How many parts would be taken out of use.</param>
/// <param name="InUse">How many it has in use.</param>
public sealed record ProxyLoss(ResourceKind Kind, int Lost, int InUse);
