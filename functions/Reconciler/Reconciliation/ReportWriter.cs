using System.Text.Json;
using IngressReconciler.Coalescing;
using IngressReconciler.Reports;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Keeps in storage how each proxy stands, in the background; while a write is under way newer reports replace each other. What cannot be
/// written is written with the next.
/// </summary>
public sealed partial class ReportWriter : IAsyncDisposable
{
    private readonly ProxyReports reports;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private readonly Dictionary<string, ProxyReport?> next = new(StringComparer.Ordinal);
    private readonly CoalescingWorker worker;

    /// <summary>Makes a writer; nothing is reached yet.</summary>
    /// <param name="reports">Where they are kept.</param>
    /// <param name="log">Where failures are logged.</param>
    public ReportWriter(ProxyReports reports, ILogger log)
    {
        (this.reports, this.log) = (reports, log);
        worker = new(WriteAsync, LogBug);
    }

    /// <summary>Takes the newest reports.</summary>
    public void Write(IEnumerable<ProxyReport> newest)
    {
        lock (gate)
        {
            foreach (var report in newest)
                next[report.Name] = report;
        }

        worker.Trigger();
    }

    /// <summary>Forgets a proxy that is no more.</summary>
    public void Remove(string name)
    {
        lock (gate)
            next[name] = null;
        worker.Trigger();
    }

    /// <summary>Forgets every proxy but these: some went while nobody of us was there.</summary>
    public async Task KeepAsync(IEnumerable<string> names, CancellationToken cancel)
    {
        foreach (var gone in (await reports.ReadAllAsync(cancel)).Keys.Except(names))
            Remove(gone);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => worker.DisposeAsync();

    private async Task WriteAsync(CancellationToken cancel)
    {
        var taken = new Queue<KeyValuePair<string, ProxyReport?>>();
        lock (gate)
        {
            foreach (var one in next)
                taken.Enqueue(one);
            next.Clear();
        }

        try
        {
            for (; taken.TryPeek(out var one); taken.Dequeue())
            {
                await (one.Value is not { } report
                    ? reports.RemoveAsync(one.Key, cancel)
                    : reports.WriteAsync(one.Key, JsonSerializer.SerializeToUtf8Bytes(report, ReportsJson.Default.ProxyReport), cancel));
            }
        }
        catch (StorageUnavailableException e)
        {
            LogNotWritten(e.Message);
            lock (gate)
            {
                foreach (var (name, report) in taken)
                    next.TryAdd(name, report);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy reports not written: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Writing proxy reports failed in a way that it must not")]
    private partial void LogBug(Exception e);
}
