using System.IO.Pipelines;
using System.Text;

namespace IngressReconciler.Tests.Unit.Proxies;

/// <summary>One end of a connection in memory; the other end is a script that sees each line and says what it likes, a few bytes at a time.</summary>
internal sealed class DuplexStream : Stream
{
    private readonly Pipe _toScript = new();
    private readonly Pipe _fromScript = new();
    private readonly Stream _output;
    private readonly Stream _input;

    /// <param name="answer">From a line to what is written back; null ends the connection.</param>
    /// <param name="step">Bytes a write.</param>
    public DuplexStream(Func<string, string?> answer, int step = int.MaxValue)
    {
        (_output, _input) = (_toScript.Writer.AsStream(), _fromScript.Reader.AsStream());
        _ = Task.Run(async () =>
        {
            using var lines = new StreamReader(_toScript.Reader.AsStream());
            var writer = _fromScript.Writer;
            while (await lines.ReadLineAsync() is { } line && answer(line) is { } text)
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                for (var at = 0; at < bytes.Length; at += Math.Min(step, bytes.Length - at))
                    await writer.WriteAsync(bytes.AsMemory(at, Math.Min(step, bytes.Length - at)));
            }

            await writer.CompleteAsync();
        });
    }

    /// <summary>How HAProxy greets, and proves that nothing was lost; other lines are for the script.</summary>
    public static Func<string, string?> Greeting(Func<string, string?> rest, string version = "3.4.7") => line => line switch
    {
        "prompt i" or "set severity-output number" => "\n",
        "show info" => $"Name: HAProxy\nVersion: {version}\nPid: 7\nStart_time_sec: 1700000000\n\n",
        _ when line.StartsWith("echo ", StringComparison.Ordinal) => $"[6]: {line[5..]}\n\n",
        _ => rest(line),
    };

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _input.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _output.WriteAsync(buffer, cancellationToken);
        await _output.FlushAsync(cancellationToken);
    }

    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _output.Dispose();
            _input.Dispose();
        }

        base.Dispose(disposing);
    }
}
