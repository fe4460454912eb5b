using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace IngressReconciler.Tests.Harness;

/// <summary>
/// Clients with an address of their own that ask through the edge, about 300 times a second: some keep their connection, some open one for each request, some
/// wait long for each answer. They speak HTTP/1.1 by themselves, so that no request is silently sent twice. Each answer is held against who the pod may take for
/// the client: one connection, one client, and one that was right while the connection was made.
/// </summary>
public sealed class ClientLoad : IAsyncDisposable
{
    private const int Keeping = 6, Opening = 10, Waiting = 6;
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<string, int> seen = [];
    private readonly Stopwatch running = Stopwatch.StartNew();
    private readonly IPEndPoint to;
    private readonly string host;
    private readonly Task[] clients;
    private ImmutableHashSet<string> right;
    private int requests;
    private int connections;

    /// <summary>Begins.</summary>
    /// <param name="from">A client's address.</param>
    /// <param name="to">The edge.</param>
    /// <param name="host">The host that is asked for.</param>
    /// <param name="right">The addresses that pods may be told of a connection that is made now.</param>
    public ClientLoad(Func<int, IPAddress> from, IPEndPoint to, string host, params ReadOnlySpan<string> right)
    {
        (this.to, this.host, this.right) = (to, host, [.. right]);
        clients =
        [
            .. Enumerable.Range(0, Keeping).Select(i => Task.Run(() => RunAsync(from(i), "kept", "/", TimeSpan.FromMilliseconds(20), requestsEach: 400))),
            .. Enumerable.Range(0, Opening).Select(i => Task.Run(() => RunAsync(from(i), "short", "/", TimeSpan.FromMilliseconds(115), requestsEach: 1))),
            .. Enumerable.Range(0, Waiting).Select(i => Task.Run(() => RunAsync(from(i), "long", "/?wait=1500", TimeSpan.FromMilliseconds(10 * i), requestsEach: 3))),
        ];
    }

    /// <summary>What stands for the client's own address among those that are right.</summary>
    public const string Self = "the client";

    /// <summary>Requests that were answered.</summary>
    public int Requests => Volatile.Read(ref requests);

    /// <summary>Connections that were made.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>Requests a second.</summary>
    public double Rate => Requests / running.Elapsed.TotalSeconds;

    /// <summary>How often pods were told which sort of address.</summary>
    public IReadOnlyDictionary<string, int> Seen => seen;

    /// <summary>Requests that failed, or were answered to a pod that took somebody else for the client.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Says what pods may be told of connections that are made from now on.</summary>
    public void Expect(params ReadOnlySpan<string> now) => Volatile.Write(ref right, [.. now]);

    /// <summary>Ends it; running requests finish.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!stopping.IsCancellationRequested)
            await stopping.CancelAsync();
        await Task.WhenAll(clients);
    }

    private async Task RunAsync(IPAddress from, string kind, string path, TimeSpan pace, int requestsEach)
    {
        while (!stopping.IsCancellationRequested)
        {
            var asked = 0;
            try
            {
                var before = Volatile.Read(ref right);
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(to);
                Interlocked.Increment(ref connections);
                await using var stream = new NetworkStream(socket);
                var allowed = before;
                for (string? told = null; asked < requestsEach && !stopping.IsCancellationRequested;)
                {
                    var last = asked == requestsEach - 1;
                    var (answer, closes) = await AskAsync(stream, path, last);
                    Interlocked.Increment(ref requests);

                    // The edge chooses when the connection is there; what became right by the first answer was right then, or is not yet known to be wrong.
                    if (asked++ == 0)
                        allowed = before.Union(Volatile.Read(ref right));
                    var client = answer.RealIp == from.ToString() ? Self : answer.RealIp;
                    seen.AddOrUpdate(client, 1, (_, count) => count + 1);
                    if (answer.RealIp != answer.ForwardedFor || !allowed.Contains(client) || (told ??= client) != client)
                        Failures.Enqueue($"{DateTime.UtcNow:mm:ss.fff} {kind} connection from {from}, request {asked}: the pod was told {answer.RealIp} and {answer.ForwardedFor}; right were {string.Join(" or ", allowed)}");
                    if (closes)
                        break;
                    await Task.Delay(pace);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or FormatException or JsonException)
            {
                Failures.Enqueue($"{DateTime.UtcNow:mm:ss.fff} {kind} connection from {from}, request {asked + 1}: {e.Message}");
            }

            if (requestsEach == 1)
                await Task.Delay(pace);
        }
    }

    /// <summary>An answer of an <see cref="EchoPod"/>, whole or in chunks.</summary>
    private async Task<(EchoAnswer Answer, bool Closes)> AskAsync(NetworkStream stream, string path, bool last)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\n{(last ? "Connection: close\r\n" : "")}\r\n"));
        var bytes = new byte[8 << 10];
        for (var count = 0; ;)
        {
            var read = await stream.ReadAsync(bytes.AsMemory(count));
            if (read == 0)
                throw new IOException($"the connection ended after {count} bytes of an answer");
            count += read;
            var text = Encoding.UTF8.GetString(bytes, 0, count);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                continue;
            if (!text.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                throw new FormatException($"answered {text[..Math.Min(end, 200)]}");
            var body = text[(end + 4)..];
            if (!text[..end].Contains("chunked", StringComparison.OrdinalIgnoreCase))
                throw new FormatException("an answer that is not in chunks, as Kestrel's JSON is");
            if (!body.EndsWith("0\r\n\r\n", StringComparison.Ordinal))
                continue;
            var line = body.IndexOf("\r\n", StringComparison.Ordinal);
            var length = int.Parse(body.AsSpan(0, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            return (JsonSerializer.Deserialize<EchoAnswer>(body.Substring(line + 2, length), Web)!, text[..end].Contains("connection: close", StringComparison.OrdinalIgnoreCase));
        }
    }
}
