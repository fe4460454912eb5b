using IngressReconciler.Cluster;
using IngressReconciler.Coalescing;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Logs findings when they appear and when they are put right, and keeps all there are in storage: beside the rounds, once a second at
/// most, and only in the instance that has the lease. What is put right within a second, as when an Ingress comes just before its
/// Service, is not logged.
/// </summary>
public sealed partial class FindingsWriter : IAsyncDisposable
{
    private static readonly TimeSpan BeforeEachPass = TimeSpan.FromSeconds(1);

    /// <summary>What was written so long ago may be another instance's by now, and is written again although it is the same.</summary>
    private static readonly TimeSpan WrittenFor = TimeSpan.FromMinutes(1);

    private readonly ReportStore<FindingsReport> store;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CoalescingWorker worker;
    private Seen? newest;

    // Only a pass reads and writes these.
    private HashSet<Finding> known = [];
    private DateTimeOffset since;
    private DateTimeOffset? written;

    private sealed record Seen(JournalPosition Position, IEnumerable<Finding> Findings);

    /// <summary>Makes a writer; nothing is reached yet.</summary>
    /// <param name="store">Where they are kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where they are logged.</param>
    public FindingsWriter(ReportStore<FindingsReport> store, TimeProvider time, ILogger log)
    {
        (this.store, this.time, this.log, since) = (store, time, log, time.GetUtcNow());
        worker = new(PassAsync, LogBug);
    }

    /// <summary>Takes all findings that there are now. Returns at once.</summary>
    /// <param name="position">What they follow from.</param>
    /// <param name="findings">The findings; read later, beside whatever calls.</param>
    public void Write(JournalPosition position, IEnumerable<Finding> findings)
    {
        Volatile.Write(ref newest, new(position, findings));
        worker.Trigger();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => worker.DisposeAsync();

    private async Task PassAsync(CancellationToken cancel)
    {
        await Task.Delay(BeforeEachPass, time, cancel);
        var (position, findings) = Volatile.Read(ref newest)!;
        HashSet<Finding> now = [.. findings];
        if (!now.SetEquals(known))
        {
            Log(FindingNews.Between(known, now));
            (known, since, written) = (now, time.GetUtcNow(), null);
        }

        if (time.GetUtcNow() - written < WrittenFor)
            return;
        try
        {
            await store.WriteAsync(FindingsReport.Of(since, position, now), cancel);
            written = time.GetUtcNow();
        }
        catch (StorageUnavailableException e)
        {
            LogNotWritten(e.Message);
        }
    }

    private void Log(FindingNews news)
    {
        foreach (var (finding, isPutRight) in news.Lines)
        {
            if (isPutRight)
                LogPutRight(finding.Object, finding.Reason);
            else
            {
                var level = finding.Severity == Severity.Error ? LogLevel.Warning : LogLevel.Information;
                LogFound(level, finding.Object, finding.Reason, finding.Message);
            }
        }

        if (news.Appeared + news.PutRight > 0)
            LogMore(news.Appeared, news.PutRight);
    }

    [LoggerMessage(Message = "{Object}: {Reason}: {Message}")]
    private partial void LogFound(LogLevel level, ResourceKey @object, string reason, string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Object}: {Reason} is put right")]
    private partial void LogPutRight(ResourceKey @object, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Appeared} more findings appeared and {PutRight} more are put right: "
            + "'ingress-reconciler status' and /api/CLUSTER/status show what there is")]
    private partial void LogMore(int appeared, int putRight);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Findings not written to storage, so that 'status' shows older ones; "
            + "tried again with the next change or resync: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Writing findings failed in a way that it must not")]
    private partial void LogBug(Exception e);
}
