using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Faults;

/// <summary>Stands between an answer and its connection.</summary>
internal abstract class FaultyBody(HttpContext http) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The request.</summary>
    protected HttpContext Http { get; } = http;

    /// <summary>Where the answer goes.</summary>
    protected Stream Inner { get; } = http.Response.Body;

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);
}

/// <summary>Passes on so many bytes, then resets the connection.</summary>
internal sealed class CutBody(HttpContext http, int bytes) : FaultyBody(http)
{
    private int left = bytes;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var passed = Math.Min(left, buffer.Length);
        left -= passed;
        await Inner.WriteAsync(buffer[..passed], cancellationToken);
        if (passed == buffer.Length)
            return;
        await Inner.FlushAsync(cancellationToken);
        Http.Abort();
        throw new OperationCanceledException();
    }
}

/// <summary>Passes on so many bytes at a time, with a pause after each.</summary>
internal sealed class SlowBody(HttpContext http, int bytes, TimeSpan pause) : FaultyBody(http)
{
    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (; buffer.Length > 0; buffer = buffer[Math.Min(bytes, buffer.Length)..])
        {
            await Inner.WriteAsync(buffer[..Math.Min(bytes, buffer.Length)], cancellationToken);
            await Inner.FlushAsync(cancellationToken);
            await Task.Delay(pause, cancellationToken);
        }
    }
}
