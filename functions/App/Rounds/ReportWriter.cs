using System.Text.Json;
using IngressReconciler.Proxies;
using IngressReconciler.Storage;

namespace IngressReconciler.Rounds;

/// <summary>Notes how each proxy stands in storage, beside the rounds; while a write is under way newer reports replace each other.</summary>
public sealed partial class ReportWriter(ProxyReports reports, ILogger log) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, ProxyReport?> next = new(StringComparer.Ordinal);
    private Task writing = Task.CompletedTask;
    private bool writes;

    /// <summary>Takes the newest reports.</summary>
    public void Write(IEnumerable<ProxyReport> newest)
    {
        lock (gate)
        {
            foreach (var report in newest)
                next[report.Name] = report;
            Begin();
        }
    }

    /// <summary>Forgets a proxy that is no more.</summary>
    public void Remove(string name)
    {
        lock (gate)
        {
            next[name] = null;
            Begin();
        }
    }

    /// <summary>Forgets every proxy but these: some went while nobody of us was there.</summary>
    public async Task KeepAsync(IEnumerable<string> names, CancellationToken cancel)
    {
        foreach (var gone in (await reports.ReadAllAsync(cancel)).Keys.Except(names))
            Remove(gone);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await writing;
        stopping.Dispose();
    }

    /// <summary>Called under the gate.</summary>
    private void Begin()
    {
        if (writes)
            return;
        writes = true;
        writing = Task.Run(WriteAsync);
    }

    private async Task WriteAsync()
    {
        while (true)
        {
            KeyValuePair<string, ProxyReport?>[] taken;
            lock (gate)
            {
                taken = [.. next];
                next.Clear();
                writes = taken.Length > 0;
                if (!writes)
                    return;
            }

            try
            {
                foreach (var (name, report) in taken)
                    await (report is null
                        ? reports.RemoveAsync(name, stopping.Token)
                        : reports.WriteAsync(name, JsonSerializer.SerializeToUtf8Bytes(report, AppJson.Default.ProxyReport), stopping.Token));
            }
            catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException)
            {
                LogNotWritten(e.Message);
                lock (gate)
                    writes = false;
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy reports not written: {Reason}")]
    private partial void LogNotWritten(string reason);
}
