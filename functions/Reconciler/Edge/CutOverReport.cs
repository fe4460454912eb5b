using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Edge;

/// <summary>How far a cut-over is.</summary>
/// <param name="Cluster">The cluster's id.</param>
/// <param name="Now">What is wanted of PROXY protocol now.</param>
/// <param name="Taken">The phase that was just taken: every proxy was read back and runs it; null when none was.</param>
/// <param name="Left">The phases that are left, in order.</param>
/// <param name="Obstacles">Why the next phase cannot be taken, each with what to do; none when it can.</param>
/// <param name="Probes">What was found through the edge before; none when it was not looked at.</param>
public sealed record CutOverReport(
    string Cluster, ProxyProtocolSpec Now, CutOverPhase? Taken, CutOverPhase[] Left, string[] Obstacles, ProbeResult[] Probes);
