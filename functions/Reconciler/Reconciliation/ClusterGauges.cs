using System.Diagnostics.Metrics;
using IngressReconciler.Telemetry;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

/// <summary>How one cluster stands, looked up whenever an exporter asks, until it is disposed.</summary>
public sealed class ClusterGauges : IDisposable
{
    private readonly Meter meter = new(Traces.Name);
    private readonly KeyValuePair<string, object?> cluster;

    /// <summary>Shows a cluster.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="reconciler">What is wanted and found.</param>
    /// <param name="proxies">Its proxies.</param>
    /// <param name="queue">What waits.</param>
    /// <param name="time">The clock.</param>
    public ClusterGauges(string id, Reconciler reconciler, ProxySet proxies, RequestQueue queue, TimeProvider time)
    {
        cluster = new("cluster", id);
        var expiry = new CertificateExpiry();
        meter.CreateObservableGauge(
            "ingress_reconciler.journal.lag", () => Of(queue.Waited.TotalSeconds), "s",
            "How long the oldest change has waited for the journal, or for this instance's turn to push");
        meter.CreateObservableGauge(
            "ingress_reconciler.proxy.lag", () => proxies.Workers.Select(worker => Of(worker.Telemetry.Lag.TotalSeconds, "proxy", worker.Name)), "s",
            "How long the oldest change has waited that the proxy was not seen to run");
        meter.CreateObservableGauge(
            "ingress_reconciler.proxies.known", () => Of(proxies.Workers.Length), "{proxy}", "Proxies that are pushed to");
        meter.CreateObservableGauge(
            "ingress_reconciler.proxies.unconfirmed", () => Of(proxies.Waiting.Length), "{proxy}",
            "Pods that nothing is sent to before the API server confirms their address");
        meter.CreateObservableGauge(
            "ingress_reconciler.proxies.running", () => Of(proxies.Workers.Count(worker => worker.Report.Running)), "{proxy}",
            "Proxies that were last seen to run what is wanted");
        meter.CreateObservableGauge(
            "ingress_reconciler.findings",
            () => reconciler.Findings.CountBy(finding => finding.Severity).Select(pair => Of(pair.Value, "severity", $"{pair.Key}")), "{finding}",
            "Users' mistakes and limits of ours, by severity");
        meter.CreateObservableGauge(
            "ingress_reconciler.certificate.expiry",
            () => expiry.Soonest(reconciler.Wanted) is { } end ? [Of((end - time.GetUtcNow()).TotalSeconds)] : Array.Empty<Measurement<double>>(), "s",
            "Until the first certificate that is served expires");
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    private Measurement<T> Of<T>(T value)
        where T : struct => new(value, cluster);

    private Measurement<T> Of<T>(T value, string tag, string name)
        where T : struct => new(value, cluster, new(tag, name));
}
