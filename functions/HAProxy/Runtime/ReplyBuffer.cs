using System.Buffers;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// Cuts what a session in interactive mode (<c>prompt i</c>) reads into replies: each ends in an empty line. Read into <see cref="Free"/>,
/// call <see cref="Advance"/>, then take replies until there is none.
/// </summary>
/// <param name="limit">The longest reply, in bytes.</param>
internal sealed class ReplyBuffer(int limit) : IDisposable
{
    private const int Usual = 64 * 1024;
    private const int LeastFree = 16 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(Usual);
    private int _start;
    private int _end;
    private int _searched;

    /// <summary>What came of the reply that has not ended yet.</summary>
    public ReadOnlySpan<byte> Unfinished => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Room for what comes next, at least 16 KiB.</summary>
    /// <exception cref="InvalidDataException">The reply is longer than the limit.</exception>
    public Memory<byte> Free()
    {
        var length = _end - _start;
        if (length > limit) throw new InvalidDataException($"a reply is longer than {limit} bytes");
        if (length == 0)
        {
            (_start, _end) = (0, 0);
            if (_bytes.Length > 16 * Usual) Replace(Usual);
        }
        else if (_bytes.Length - _end < LeastFree)
        {
            // A long reply doubles the buffer, so that each of its bytes is moved only a few times.
            if (length > _bytes.Length / 2) Replace(_bytes.Length * 2);
            else Move(_bytes);
        }

        return _bytes.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put into <see cref="Free"/>.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>Takes the next whole reply; false if there is none yet.</summary>
    public bool TryTake(out RuntimeReply reply)
    {
        reply = default;
        var open = Unfinished;
        if (open.IsEmpty) return false;
        var length = open[0] == '\n' ? 0 : open[_searched..].IndexOf("\n\n"u8);
        if (length < 0)
        {
            _searched = open.Length - 1;
            return false;
        }

        length = open[0] == '\n' ? 0 : length + _searched;
        reply = RuntimeReply.Parse(open[..length]);
        _start += length == 0 ? 1 : length + 2;
        _searched = 0;
        return true;
    }

    /// <summary>Gives the buffer back to its pool.</summary>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        (_start, _end) = (0, 0);
    }

    private void Replace(int size)
    {
        var old = _bytes;
        var larger = ArrayPool<byte>.Shared.Rent(size);
        Move(larger);
        _bytes = larger;
        ArrayPool<byte>.Shared.Return(old);
    }

    private void Move(byte[] target)
    {
        Unfinished.CopyTo(target);
        (_start, _end) = (0, _end - _start);
    }
}
