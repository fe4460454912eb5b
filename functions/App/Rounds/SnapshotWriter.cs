using IngressReconciler.Cluster;
using IngressReconciler.Storage;

namespace IngressReconciler.Rounds;

/// <summary>Writes a snapshot now and then, beside the rounds, so that a cold start reads little of the journal; and makes that start.</summary>
public sealed partial class SnapshotWriter(ClusterStorage storage, TimeProvider time, ILogger log) : IAsyncDisposable
{
    /// <summary>Journal bytes after which a snapshot is due.</summary>
    private const long BytesEach = 32 << 20;

    private readonly CancellationTokenSource stopping = new();
    private int lines;
    private long bytes;
    private Task writing = Task.CompletedTask;

    /// <summary>Counts a journal line.</summary>
    public void Count(int length)
    {
        lines++;
        bytes += length;
    }

    /// <summary>The state at the journal's end: the newest snapshot, and the journal's tail on it.</summary>
    public async Task<(ClusterState State, JournalPosition Position)> LoadAsync(CancellationToken cancel)
    {
        var (state, at) = await ReadAsync(cancel);
        for (var more = true; more;)
        {
            var tail = await storage.Journal.ReadAsync(at, cancel);
            state = state.Apply(tail.Lines.Select(line => JournalReading.Read(line.Bytes)));
            foreach (var line in tail.Lines)
                Count(line.Bytes.Length);
            (at, more) = (tail.Position, !tail.AtEnd);
        }

        return (state, at);
    }

    /// <summary>The newest snapshot's state and position; an empty state at the start when there is none.</summary>
    private async Task<(ClusterState State, JournalPosition Position)> ReadAsync(CancellationToken cancel)
    {
        (lines, bytes) = (0, 0);
        if (await storage.Snapshots.ReadNewestAsync(cancel) is not { } snapshot)
            return (ClusterState.Empty, JournalPosition.Start);
        await using var content = snapshot.Content;
        var state = ClusterState.Empty;
        await foreach (var batch in SnapshotLines.ReadAsync(content, $"snapshot {snapshot.Position} of cluster {storage.Id}", cancel))
            state = state.Apply([batch]);
        return (state, snapshot.Position);
    }

    /// <summary>Starts to write a snapshot when one is due and none is being written.</summary>
    public void MayWrite(ClusterState state, JournalPosition position)
    {
        if ((lines < storage.Snapshots.DueAfter && bytes < BytesEach) || !writing.IsCompleted)
            return;
        (lines, bytes) = (0, 0);
        writing = Task.Run(() => WriteAsync(state, position));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await writing;
        stopping.Dispose();
    }

    private async Task WriteAsync(ClusterState state, JournalPosition position)
    {
        try
        {
            await storage.Snapshots.WriteAsync(position, async (stream, cancel) =>
            {
                foreach (var line in ClusterSnapshot.Lines(state, time.GetUtcNow()))
                    await stream.WriteAsync(line, cancel);
            }, stopping.Token);
            if (await storage.Snapshots.PruneAsync(stopping.Token) is { } needed)
                await storage.Journal.PruneAsync(needed, stopping.Token);
        }
        catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException)
        {
            // The journal has it all; the next one is due soon.
            LogNotWritten(position, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No snapshot at {Position}: {Reason}")]
    private partial void LogNotWritten(JournalPosition position, string reason);
}
