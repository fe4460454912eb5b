using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using IngressReconciler.Cluster;

namespace IngressReconciler.Reconciliation;

/// <summary>Reads an unpacked snapshot line by line, of which only one is in memory at a time.</summary>
public static class SnapshotLines
{
    private const int Usual = 256 << 10;

    /// <summary>What the lines say, in order.</summary>
    /// <param name="content">The snapshot, unpacked.</param>
    /// <param name="name">Its name, for people.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="InvalidDataException">It is damaged, or a part of it is missing.</exception>
    public static async IAsyncEnumerable<JournalBatch> ReadAsync(
        Stream content, string name, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (lines, sums, isEnded) = (0, 0, false);
        await foreach (var line in CutAsync(content, name, cancel))
        {
            JournalBatch batch;
            try
            {
                batch = JournalReading.Read(line);
            }
            catch (JsonException e)
            {
                throw Damaged(name, e.Message, e);
            }

            lines++;
            sums += JournalBatch.HasSum(line.Span) ? 1 : 0;
            isEnded = batch.Id == ClusterSnapshot.EndId;
            yield return batch;
        }

        // An earlier release wrote neither sums nor an end.
        if (lines == 0 || (!isEnded && sums > 0))
            throw Damaged(name, "its end is missing");
        if (isEnded && sums < lines)
            throw Damaged(name, "a line of it has no sum, and others have");
    }

    private static InvalidDataException Damaged(string name, string why, Exception? cause = null) =>
        new($"{name} is damaged: {why}. Delete it, and the one before it is read.", cause);

    /// <summary>Each line without its line feed; good until the next is asked for.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> CutAsync(
        Stream content, string name, [EnumeratorCancellation] CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Usual);
        try
        {
            var (start, searched, end) = (0, 0, 0);
            while (true)
            {
                while (buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n') is >= 0 and var length)
                {
                    yield return buffer.AsMemory(start, searched + length - start);
                    searched = start = searched + length + 1;
                }

                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, searched, end) = (0, end - start, end - start);
                if (end == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.CopyTo(larger, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var count = await content.ReadAsync(buffer.AsMemory(end), cancel);
                if (count == 0)
                    break;
                end += count;
            }

            if (end > 0)
                throw Damaged(name, "it ends in the middle of a line");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
