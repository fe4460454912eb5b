using System.Collections.Immutable;
using IngressReconciler.Telemetry;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

/// <summary>The newest disputes about proxies' addresses, for whoever asks how the cluster stands.</summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where they are told.</param>
public sealed partial class PodDisputes(string cluster, TimeProvider time, ILogger log)
{
    private const int Kept = 20;

    private ImmutableQueue<(DateTimeOffset At, string Sentence)> newest = [];

    /// <summary>Each with its time, the newest last; since this instance started.</summary>
    public IReadOnlyList<(DateTimeOffset At, string Sentence)> Newest => [.. Volatile.Read(ref newest)];

    /// <summary>Tells of disputes.</summary>
    public void Add(ImmutableArray<DisputedPod> disputes)
    {
        var next = newest;
        foreach (var dispute in disputes)
        {
            LogDisputed(dispute.Sentence);
            ReconcilerMetrics.Disputed(cluster);
            next = next.Enqueue((time.GetUtcNow(), dispute.Sentence));
        }

        while (next.Count() > Kept)
            next = next.Dequeue();
        Volatile.Write(ref newest, next);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sentence}")]
    private partial void LogDisputed(string sentence);
}
