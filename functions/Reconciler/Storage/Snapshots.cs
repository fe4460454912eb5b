using System.IO.Compression;
using IngressReconciler.Cluster;

namespace IngressReconciler.Storage;

/// <summary>A snapshot, unpacked as it is read, up to a bound.</summary>
/// <param name="Position">The journal position whose state it holds.</param>
/// <param name="Content">What was written, from memory; the reader closes it.</param>
public sealed record Snapshot(JournalPosition Position, Stream Content);

/// <summary>One cluster's states at journal positions, by Brotli: <c>snapshots/&lt;position&gt;</c>. A cold start reads the newest.</summary>
public sealed class Snapshots
{
    private readonly StorageFolder _folder;
    private readonly long _most;

    internal Snapshots(StorageFolder folder, StorageOptions options) =>
        (_folder, _most, DueAfter) = (folder, options.SnapshotBytes, options.SnapshotLines);

    /// <summary>Journal lines after which the next is due.</summary>
    public int DueAfter { get; }

    /// <summary>
    /// Writes the state at a position; at the same position it replaces what is there. It is there whole or not at all. One call up to
    /// 8 MiB compressed.
    /// </summary>
    /// <param name="position">Position whose state it is.</param>
    /// <param name="write">Writes the state to the stream it is given.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="StorageUnavailableException">Not known to be written; write again.</exception>
    public async Task WriteAsync(JournalPosition position, Func<Stream, CancellationToken, Task> write, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var packed = new MemoryStream();
        await using (var packer = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await write(packer, cancel);
        await _folder.WriteAsync(position.ToString(), packed.GetBuffer().AsMemory(0, (int)packed.Length), conditions: null, cancel);
    }

    /// <summary>
    /// The newest snapshot, or null when there is none. Two calls. Reading its content throws <see cref="InvalidDataException"/> where it
    /// is damaged, or unpacks to more than <see cref="StorageOptions.SnapshotBytes"/>.
    /// </summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<Snapshot?> ReadNewestAsync(CancellationToken cancel)
    {
        while (await PositionsAsync(cancel) is [.., var newest])
        {
            var answer = await _folder.ReadAsync(newest.ToString(), cancel);
            if (answer.Found)
            {
                var unpacked = new BrotliStream(BinaryData.FromBytes(answer.Content).ToStream(), CompressionMode.Decompress);
                return new(newest, new BoundedStream(unpacked, _most, $"snapshot {_folder}{newest}"));
            }

            // Pruned since it was listed: then there are newer ones by now.
        }
        return null;
    }

    /// <summary>Deletes all but the newest. One call, and one for each that goes.</summary>
    /// <param name="keep">How many stay.</param>
    /// <param name="cancel">Stops between two deletions.</param>
    /// <returns>The oldest kept position, for <see cref="Journal.PruneAsync"/>; null when there is no snapshot.</returns>
    /// <exception cref="StorageUnavailableException">Some may be left; prune again.</exception>
    public async Task<JournalPosition?> PruneAsync(CancellationToken cancel, int keep = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        var kept = await PositionsAsync(cancel);
        var extra = Math.Max(0, kept.Count - keep);
        foreach (var position in kept.Take(extra))
            await _folder.DeleteAsync(position.ToString(), cancel);
        return kept.Count == 0 ? null : kept[extra];
    }

    private async Task<List<JournalPosition>> PositionsAsync(CancellationToken cancel)
    {
        var positions = new List<JournalPosition>();
        foreach (var (name, _) in await _folder.ListAsync(cancel))
            if (JournalPosition.TryParse(name, out var position))
                positions.Add(position);
        positions.Sort();
        return positions;
    }
}
