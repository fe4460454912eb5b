using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>One host and path, and the Services whose pods may answer it now.</summary>
/// <param name="host">The host.</param>
/// <param name="path">The path.</param>
internal sealed class Target(string host, string path)
{
    private ImmutableHashSet<string> services = [];

    /// <summary>The host.</summary>
    public string Host => host;

    /// <summary>The path.</summary>
    public string Path => path;

    /// <summary>Who may answer; nobody means that nothing is asked, or that the answer is of no interest.</summary>
    public ImmutableHashSet<string> Services => Volatile.Read(ref services);

    /// <summary>Says who may answer from now on.</summary>
    public void AnsweredBy(params ReadOnlySpan<string> names) => Volatile.Write(ref services, [.. names]);
}

/// <summary>
/// Clients that ask without a pause for breath: some keep their connection, some open a new one for each request. They speak HTTP/1.1 by
/// themselves, so that no request is silently sent twice.
/// </summary>
internal sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(12);

    private readonly CancellationTokenSource stopping = new();
    private readonly IReadOnlyList<Target> targets;
    private readonly int port;
    private readonly Task[] clients;
    private int next;
    private int requests;

    /// <summary>Begins to ask.</summary>
    /// <param name="port">The edge's port on 127.0.0.1.</param>
    /// <param name="targets">What is asked for, in turn.</param>
    /// <param name="keeping">Clients that keep their connection.</param>
    /// <param name="opening">Clients that open one for each request.</param>
    public Load(int port, IReadOnlyList<Target> targets, int keeping, int opening)
    {
        (this.port, this.targets) = (port, targets);
        clients = [.. Enumerable.Range(0, keeping + opening).Select(i => Task.Run(() => AskAsync(keep: i < keeping)))];
    }

    /// <summary>Requests that were answered, rightly or not.</summary>
    public int Requests => Volatile.Read(ref requests);

    /// <summary>Requests that failed, and how.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Ends it; running requests finish.</summary>
    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested)
            return;
        await stopping.CancelAsync();
        await Task.WhenAll(clients);
    }

    private async Task AskAsync(bool keep)
    {
        TcpClient? connection = null;
        while (!stopping.IsCancellationRequested)
        {
            var target = targets[Interlocked.Increment(ref next) % targets.Count];
            var before = target.Services;
            if (before.IsEmpty)
            {
                await Task.Delay(1);
                continue;
            }

            try
            {
                if (connection is null)
                {
                    connection = new() { NoDelay = true };
                    await connection.ConnectAsync("127.0.0.1", port);
                }

                var (status, body, closes) = await AskAsync(connection, target, keep);
                Judge(target, before, status, body);
                if (closes || !keep)
                {
                    connection.Dispose();
                    connection = null;
                }
            }
            catch (Exception e) when (e is IOException or SocketException or FormatException)
            {
                Failures.Enqueue($"{DateTime.UtcNow:mm:ss.fff} {target.Host}{target.Path} ({(keep ? "kept" : "new")} connection): {e.Message}");
                connection?.Dispose();
                connection = null;
            }

            Interlocked.Increment(ref requests);
            await Task.Delay(Pace);
        }

        connection?.Dispose();
    }

    private void Judge(Target target, ImmutableHashSet<string> before, int status, string body)
    {
        var after = target.Services;
        if (after.IsEmpty)
            return;
        var pod = status == 200 ? JsonDocument.Parse(body).RootElement.GetProperty("pod").GetString()! : "";
        if (!before.Union(after).Contains(pod.Split('-')[0]))
            Failures.Enqueue($"{DateTime.UtcNow:mm:ss.fff} {target.Host}{target.Path}: {status} {(pod.Length > 0 ? pod : body)}; expected {string.Join(" or ", before.Union(after))}");
    }

    private static async Task<(int Status, string Body, bool Closes)> AskAsync(TcpClient connection, Target target, bool keep)
    {
        var stream = connection.GetStream();
        var request = $"GET {target.Path} HTTP/1.1\r\nHost: {target.Host}\r\n{(keep ? "" : "Connection: close\r\n")}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));

        // An answer is small; it ends with its length, or with the last chunk.
        var bytes = new byte[16 << 10];
        for (var count = 0; ;)
        {
            var read = await stream.ReadAsync(bytes.AsMemory(count));
            if (read == 0)
                throw new IOException($"the connection ended after {count} bytes of an answer: {Encoding.ASCII.GetString(bytes, 0, Math.Min(count, 80))}");
            count += read;
            var text = Encoding.UTF8.GetString(bytes, 0, count);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                continue;
            var head = text[..end].ToLowerInvariant();
            var body = text[(end + 4)..];
            var chunked = head.Contains("transfer-encoding: chunked", StringComparison.Ordinal);
            if (chunked ? body.EndsWith("0\r\n\r\n", StringComparison.Ordinal) : body.Length >= Length(head))
                return (int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture), chunked ? Unchunked(body) : body, head.Contains("connection: close", StringComparison.Ordinal));
        }
    }

    private static int Length(string head)
    {
        const string name = "content-length: ";
        var at = head.IndexOf(name, StringComparison.Ordinal) is >= 0 and var found ? found + name.Length : throw new FormatException("an answer without a length");
        var end = head.IndexOf('\r', at);
        return int.Parse(end < 0 ? head[at..] : head[at..end], CultureInfo.InvariantCulture);
    }

    private static string Unchunked(string body)
    {
        var whole = new StringBuilder();
        while (body.Split("\r\n", 2) is [var size, var rest] && int.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var length)
        {
            whole.Append(rest, 0, length);
            body = rest[(length + 2)..];
        }

        return whole.ToString();
    }
}
