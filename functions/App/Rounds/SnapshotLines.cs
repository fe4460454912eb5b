using System.Buffers;
using System.Runtime.CompilerServices;

namespace IngressReconciler.Rounds;

/// <summary>Cuts an unpacked snapshot into its lines, of which only one is in memory at a time.</summary>
public static class SnapshotLines
{
    private const int Usual = 256 << 10;

    /// <summary>Each line without its line feed; good until the next is asked for.</summary>
    /// <exception cref="InvalidDataException">It ends in the middle of a line, or cannot be unpacked.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream content, [EnumeratorCancellation] CancellationToken cancel)
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
                throw new InvalidDataException("a snapshot ends in the middle of a line: it is damaged");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
