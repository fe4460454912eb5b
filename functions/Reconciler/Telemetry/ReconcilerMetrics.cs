using System.Diagnostics.Metrics;
using IngressReconciler.Cluster;

namespace IngressReconciler.Telemetry;

/// <summary>What reconcilers count and time. What has a value at every moment is in the gauges of a cluster.</summary>
public static class ReconcilerMetrics
{
    /// <summary>Bounds in seconds for what takes from a millisecond to ten seconds.</summary>
    internal static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly Meter Meter = new(Traces.Name);

    private static readonly Histogram<double> Serving = Meter.CreateHistogram(
        "ingress_reconciler.event_to_serving.duration", "s", "From the time of a change's event until a proxy was read back and runs it", null, Durations);

    private static readonly Histogram<double> Rounds = Meter.CreateHistogram(
        "ingress_reconciler.round.duration", "s", "From taking what waits until every proxy that can be reached runs it; a slow proxy is waited for 2 s", null, Durations);

    private static readonly Counter<long> Sealed = Meter.CreateCounter<long>(
        "ingress_reconciler.versions.sealed", "{version}", "Routing versions that were sealed");

    private static readonly Counter<long> Missed = Meter.CreateCounter<long>(
        "ingress_reconciler.resync.missed", "{change}", "Changes that no event had brought and a resync found");

    private static readonly Counter<long> HeldBack = Meter.CreateCounter<long>(
        "ingress_reconciler.resync.held_back", "{list}", "Fresh lists, by kind, that lack so much that they were not believed");

    private static readonly Counter<long> Drift = Meter.CreateCounter<long>(
        "ingress_reconciler.drift.steps", "{step}", "Steps that a proxy needed although nothing was known to have changed");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "ingress_reconciler.push.failures", "{failure}", "Pushes that failed and sessions that broke off, by error.type: unavailable, untrusted, refused, abandoned, bug");

    private static readonly Counter<long> Held = Meter.CreateCounter<long>(
        "ingress_reconciler.deletions.held", "{deletion}", "Deletions by events, by kind, that would have taken most of a kind away");

    private static readonly Counter<long> Disputes = Meter.CreateCounter<long>(
        "ingress_reconciler.proxies.disputed", "{event}", "Addresses of proxies that the API server did not confirm");

    /// <summary>A proxy was seen to run a change. Clocks may disagree: what was served before it was seen took no time.</summary>
    public static void Served(TimeSpan after, string cluster, string proxy) =>
        Serving.Record(Math.Max(after.TotalSeconds, 0), Tag("cluster", cluster), Tag("proxy", proxy));

    /// <summary>A round is over.</summary>
    public static void Round(TimeSpan duration, string cluster) => Rounds.Record(duration.TotalSeconds, Tag("cluster", cluster));

    /// <summary>A version was sealed.</summary>
    public static void SealedVersion(string cluster) => Sealed.Add(1, Tag("cluster", cluster));

    /// <summary>A resync is over.</summary>
    /// <param name="missed">Changes that no event had brought.</param>
    /// <param name="rejected">Kinds whose list was rejected.</param>
    /// <param name="cluster">The cluster's id.</param>
    public static void Resynced(int missed, IEnumerable<ResourceKind> rejected, string cluster)
    {
        Missed.Add(missed, Tag("cluster", cluster));
        foreach (var kind in rejected)
            HeldBack.Add(1, Tag("cluster", cluster), Tag("kind", $"{kind}"));
    }

    /// <summary>A proxy had drifted.</summary>
    public static void Drifted(int steps, string cluster, string proxy) => Drift.Add(steps, Tag("cluster", cluster), Tag("proxy", proxy));

    /// <summary>A proxy was lost, or did not do as it was told.</summary>
    public static void Failed(string why, string cluster, string proxy) => Failures.Add(1, Tag("cluster", cluster), Tag("proxy", proxy), Tag("error.type", why));

    /// <summary>Deletions by events are held.</summary>
    public static void HeldDeletions(int count, ResourceKind kind, string cluster) =>
        Held.Add(count, Tag("cluster", cluster), Tag("kind", $"{kind}"));

    /// <summary>An address was not confirmed.</summary>
    public static void Disputed(string cluster) => Disputes.Add(1, Tag("cluster", cluster));

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
