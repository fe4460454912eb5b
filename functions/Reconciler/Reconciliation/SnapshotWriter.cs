using IngressReconciler.Cluster;
using IngressReconciler.Coalescing;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Writes a snapshot now and then, in the background, so that a cold start reads little of the journal; and makes that start.
/// </summary>
public sealed partial class SnapshotWriter : IAsyncDisposable
{
    /// <summary>Journal bytes after which a snapshot is due.</summary>
    private const long BytesEach = 32 << 20;

    private readonly ClusterStorage storage;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CoalescingWorker worker;
    private Due? due;
    private int lines;
    private long bytes;
    private UnknownObjects unknown = UnknownObjects.None;
    private HashSet<string> told = [];

    private sealed record Due(ClusterState State, UnknownObjects Beside, JournalPosition Position);

    /// <summary>Makes a writer; nothing is reached yet.</summary>
    /// <param name="storage">The cluster's state in storage.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are logged.</param>
    public SnapshotWriter(ClusterStorage storage, TimeProvider time, ILogger log)
    {
        (this.storage, this.time, this.log) = (storage, time, log);
        worker = new(WriteAsync, LogBug);
    }

    /// <summary>What other releases wrote and this one does not read: the next snapshot has it, too.</summary>
    public UnknownObjects Unknown => Volatile.Read(ref unknown);

    /// <summary>Counts a journal line, and keeps what of it is not read.</summary>
    public void Follow(JournalBatch batch, int length)
    {
        Count(length);
        Keep(batch);
        Tell(batch.Unknown.Select(change => change.Key.Kind));
    }

    /// <summary>The state at the journal's end: the newest snapshot, and the journal's tail on it.</summary>
    public async Task<(ClusterState State, JournalPosition Position)> LoadAsync(CancellationToken cancel)
    {
        var (state, at) = await ReadAsync(cancel);
        for (var more = true; more;)
        {
            var tail = await storage.Journal.ReadAsync(at, cancel);
            foreach (var line in tail.Lines)
            {
                state = Apply(state, JournalReading.Read(line.Bytes));
                Count(line.Bytes.Length);
            }

            (at, more) = (tail.Position, !tail.AtEnd);
        }

        Tell(Unknown.Objects.Select(change => change.Key.Kind));
        return (state, at);
    }

    /// <summary>The newest snapshot's state and position; an empty state at the start when there is none.</summary>
    private async Task<(ClusterState State, JournalPosition Position)> ReadAsync(CancellationToken cancel)
    {
        (lines, bytes, told) = (0, 0, []);
        Volatile.Write(ref unknown, UnknownObjects.None);
        if (await storage.Snapshots.ReadNewestAsync(cancel) is not { } snapshot)
            return (ClusterState.Empty, JournalPosition.Start);
        await using var content = snapshot.Content;
        var state = ClusterState.Empty;
        await foreach (var batch in SnapshotLines.ReadAsync(content, $"snapshot {snapshot.Position} of cluster {storage.Id}", cancel))
            state = Apply(state, batch);
        return (state, snapshot.Position);
    }

    /// <summary>Has a snapshot written when one is due; of several that wait for one to be written, the newest.</summary>
    public void MayWrite(ClusterState state, JournalPosition position)
    {
        if (lines < storage.Snapshots.DueAfter && bytes < BytesEach)
            return;
        (lines, bytes) = (0, 0);
        Volatile.Write(ref due, new(state, Unknown, position));
        worker.Trigger();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => worker.DisposeAsync();

    private void Count(int length)
    {
        lines++;
        bytes += length;
    }

    private ClusterState Apply(ClusterState state, JournalBatch batch)
    {
        Keep(batch);
        return state.Apply([batch]);
    }

    private void Keep(JournalBatch batch) => Volatile.Write(ref unknown, Unknown.After(batch));

    /// <summary>Once for each kind, for entries that are skipped, and for a later format.</summary>
    private void Tell(IEnumerable<string> kinds)
    {
        var now = Unknown;
        var isNews = false;
        foreach (var kind in kinds)
            isNews |= told.Add(kind);
        if (now.Skipped > 0)
            isNews |= told.Add("(skipped)");
        if (now.Format > JournalBatch.Newest)
            isNews |= told.Add($"(format {now.Format})");
        if (isNews && now.Sentence is { } sentence)
            LogUnknown(storage.Id, sentence);
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        var (state, beside, position) = Volatile.Read(ref due)!;
        try
        {
            await storage.Snapshots.WriteAsync(position, async (stream, cancel) =>
            {
                foreach (var line in ClusterSnapshot.Lines(state, time.GetUtcNow(), beside))
                    await stream.WriteAsync(line, cancel);
            }, stop);
            if (await storage.Snapshots.PruneAsync(stop) is { } needed)
                await storage.Journal.PruneAsync(needed, stop);
        }
        catch (StorageUnavailableException e)
        {
            // The journal has it all; the next one is due soon.
            LogNotWritten(position, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No snapshot at {Position}: {Reason}")]
    private partial void LogNotWritten(JournalPosition position, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Writing a snapshot failed in a way that it must not")]
    private partial void LogBug(Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cluster {Cluster}: {Sentence}")]
    private partial void LogUnknown(string cluster, string sentence);
}
