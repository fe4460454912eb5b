using System.Text;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Tests.Harness.Simulated;

namespace IngressReconciler.Simulation.Proxies;

/// <summary>
/// An instance's end of one session with a proxy. What is written arrives in pieces, in order, each after its time; between two of them
/// other sessions have their turn. What is under way when the instance ends still arrives, or not.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="life">The instance's.</param>
/// <param name="host">The proxy.</param>
/// <param name="by">The instance.</param>
public sealed class AdminStream(World world, InstanceLife life, ProxyHost host, string by) : Stream
{
    private readonly AdminSession input = new();
    private readonly SimulatedHAProxy? process = host.Process;
    private readonly Queue<byte[]> arrived = [];
    private TaskCompletionSource? reading;
    private readonly Queue<(string Text, TimeSpan At, string? Holder)> there = [];
    private TimeSpan lastThere;
    private TimeSpan lastBack;
    private bool isLost; // what the instance says reaches nobody
    private bool isEnded; // by either side: what the proxy says reaches nobody

    /// <summary>Whether the session is over.</summary>
    public bool IsEnded => isEnded;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The proxy's side ends, or the network: what was under way is lost.</summary>
    public void Cut()
    {
        if (isEnded)
            return;
        (isEnded, isLost) = (true, true);
        world.Note($"{host.Name} cuts the session of {by}");
        life.After(host.Latency(), isTimer: false, () => reading?.TrySetResult());
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (arrived.Count == 0)
        {
            if (isEnded)
                return 0;
            reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = cancellationToken.UnsafeRegister(_ => reading.TrySetCanceled(cancellationToken), null);
            await reading.Task;
        }

        var bytes = arrived.Dequeue();
        bytes.CopyTo(buffer);
        return bytes.Length;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (isEnded)
            throw new IOException("the session has ended");
        var text = Encoding.UTF8.GetString(buffer.Span);
        var sent = (world.Now, host.LeaseHolder());
        foreach (var piece in Pieces(text))
            Send(piece, sent);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        isEnded = true;
        base.Dispose(disposing);
    }

    private void Send(string piece, (TimeSpan At, string? Holder) sent)
    {
        var at = world.Now + host.Latency();
        lastThere = at > lastThere ? at : lastThere + TimeSpan.FromTicks(1);
        there.Enqueue((piece, sent.At, sent.Holder));
        host.Reach(() =>
        {
            // Pieces arrive late, but never one before the other. One that is cut off, or whose process is no more, sends into the void.
            var (text, at, holder) = there.Dequeue();
            isLost |= world.Now < host.CutOffUntil || host.Process != process;
            if (!isLost && host.Take(input, text, by, (at, holder)) is { Length: > 0 } replies)
                Reply(replies);
        }, lastThere);
    }

    private void Reply(string replies)
    {
        var at = world.Now + host.Latency();
        lastBack = at > lastBack ? at : lastBack + TimeSpan.FromTicks(1);
        var bytes = Encoding.UTF8.GetBytes(replies);
        life.After(lastBack - world.Now, isTimer: false, () =>
        {
            if (isEnded)
                return;
            foreach (var some in bytes.Chunk(16 * 1024))
                arrived.Enqueue(some);
            reading?.TrySetResult();
        });
    }

    /// <summary>The text in a few pieces, cut between two lines.</summary>
    private IEnumerable<string> Pieces(string text)
    {
        var from = 0;
        while (from < text.Length)
        {
            var cut = world.Chance(0.3) ? text.IndexOf('\n', from + world.Random.Next(text.Length - from)) : -1;
            var to = cut < 0 ? text.Length : cut + 1;
            yield return text[from..to];
            from = to;
        }
    }
}
