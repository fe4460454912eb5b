using System.Globalization;

namespace IngressReconciler.Storage;

/// <summary>Reads what is unpacked up to a length, and fails where it goes on after that, and where it cannot be unpacked.</summary>
/// <param name="inner">Unpacks; closed with this one.</param>
/// <param name="most">Bytes at most.</param>
/// <param name="what">What is read, for people.</param>
internal sealed class BoundedStream(Stream inner, long most, string what) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">It is longer; the message names it and the bound.</exception>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Count(inner.Read(buffer));
        }
        catch (InvalidOperationException e)
        {
            throw Damaged(e);
        }
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Count(await inner.ReadAsync(buffer, cancellationToken));
        }
        catch (InvalidOperationException e)
        {
            throw Damaged(e);
        }
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private int Count(int bytes)
    {
        _read += bytes;
        return _read <= most ? bytes : throw new InvalidDataException(string.Create(
            CultureInfo.InvariantCulture,
            $"{what} unpacks to more than {most:N0} bytes, which no cluster's state has: it is damaged, or not ours. "
                + $"Delete it, and the one before it is read."));
    }

    private InvalidDataException Damaged(Exception cause) =>
        new($"{what} cannot be unpacked: it is damaged. Delete it, and the one before it is read.", cause);
}
