using System.Diagnostics.Metrics;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Relay;

/// <summary>What a relay counts.</summary>
public static class RelayMetrics
{
    private static readonly Meter Meter = new(Traces.Name);

    private static readonly Counter<long> Published = Meter.CreateCounter<long>(
        "ingress_reconciler.relay.events.published", "{event}", "Events that the sink took");

    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "ingress_reconciler.relay.events.refused", "{event}", "Events that the sink will never take; each is logged");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "ingress_reconciler.relay.publish.failures", "{publication}", "Publications that failed and were tried again");

    private static readonly Counter<long> Breaks = Meter.CreateCounter<long>(
        "ingress_reconciler.relay.watch.failures", "{failure}", "Lists and watches that failed, by kind");

    private static readonly Histogram<double> Publishing = Meter.CreateHistogram(
        "ingress_reconciler.relay.publish.duration", "s", "How long the sink took for a publication", null, ReconcilerMetrics.Durations);

    /// <summary>The sink took events.</summary>
    public static void Took(int events, TimeSpan duration)
    {
        Published.Add(events);
        Publishing.Record(duration.TotalSeconds);
    }

    /// <summary>The sink will never take an event.</summary>
    public static void Refused() => Dropped.Add(1);

    /// <summary>A publication failed.</summary>
    public static void Failed() => Failures.Add(1);

    /// <summary>A list or watch failed.</summary>
    public static void Broken(string kind) => Breaks.Add(1, new KeyValuePair<string, object?>("kind", kind));

    /// <summary>Shows what waits, for as long as the meter lives.</summary>
    public static void Watch(Outbox outbox)
    {
        Meter.CreateObservableGauge("ingress_reconciler.relay.outbox.events", () => outbox.Count, "{event}", "Events that wait for the sink");
        Meter.CreateObservableGauge("ingress_reconciler.relay.outbox.size", () => outbox.Bytes, "By", "Their size");
    }
}
