using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;

namespace IngressReconciler.Telemetry;

/// <summary>
/// What is told of one proxy: a span for each push, how long changes take until the proxy was read back and runs them, and what went wrong.
/// Safe to use from several threads.
/// </summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="proxy">The proxy's name.</param>
/// <param name="time">The clock.</param>
public sealed class ProxyTelemetry(string cluster, string proxy, TimeProvider time)
{
    /// <summary>Journal lines that are remembered for a proxy that is away.</summary>
    private const int MostWaiting = 1000;

    private readonly Lock gate = new();
    private readonly Queue<AwaitedChanges> waiting = [];

    /// <summary>How long the oldest change has waited that the proxy does not run yet; zero when it runs all.</summary>
    public TimeSpan Lag
    {
        get
        {
            lock (gate)
                return waiting.TryPeek(out var oldest) ? time.GetElapsedTime(oldest.Since) : TimeSpan.Zero;
        }
    }

    /// <summary>The proxy is to run more.</summary>
    public void Await(AwaitedChanges changes)
    {
        lock (gate)
        {
            if (waiting.Count < MostWaiting)
                waiting.Enqueue(changes);
        }
    }

    /// <summary>The proxy was read back and runs all up to a position.</summary>
    public void Reached(JournalPosition position)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            while (waiting.TryPeek(out var oldest) && oldest.Position <= position)
            {
                foreach (var seen in waiting.Dequeue().Seen)
                    ReconcilerMetrics.Served(now - seen, cluster, proxy);
            }
        }
    }

    /// <summary>Begins a push of all up to a position, in the trace of the first round that waits for it.</summary>
    public Activity? StartPush(int version, JournalPosition position)
    {
        if (!Traces.Source.HasListeners())
            return null;
        ActivityContext[] rounds;
        lock (gate)
            rounds = [.. waiting.Where(changes => changes.Position <= position).Select(changes => changes.Round)];
        return Traces.Start("proxy.push", ActivityKind.Client, rounds)?
            .SetTag("cluster", cluster).SetTag("proxy", proxy).SetTag("version", version).SetTag("position", $"{position}");
    }

    /// <summary>The push is over, and what was unexpected of it.</summary>
    public void Pushed(Activity? span, PushOutcome outcome, int drift)
    {
        if (drift > 0)
            ReconcilerMetrics.Drifted(drift, cluster, proxy);
        span?.SetTag("steps", outcome.Steps).SetTag("everything", outcome.IsFull)
            .SetTag("outcome", drift > 0 ? "healed" : !outcome.WasReady ? "restored" : outcome.Steps > 0 ? "changed" : "unchanged");
    }

    /// <summary>The proxy was lost, or did not do as it was told.</summary>
    public void Failed(Exception e) => ReconcilerMetrics.Failed(
        e switch
        {
            ProxyUnavailableException { IsTransient: true } => "unavailable",
            ProxyUnavailableException => "untrusted",
            PushRefusedException => "refused",
            OperationCanceledException => "abandoned",
            _ => "bug",
        },
        cluster,
        proxy);
}
