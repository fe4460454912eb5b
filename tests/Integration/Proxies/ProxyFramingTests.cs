using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Xunit;
using static IngressReconciler.Tests.Integration.Proxies.ProxyHeaders;
using static IngressReconciler.Tests.Integration.Proxies.ProxyLine;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// Headers that come in pieces, in part, with a bit turned over, or never. HAProxy looks once at what has come: a header that is not whole by
/// then ends the connection (the specification allows that, and senders must send it at once).
/// </summary>
public sealed class ProxyFramingTests(ProxyLine line) : IClassFixture<ProxyLine>, IAsyncLifetime
{
    private const string Client = "203.0.113.7";
    private static readonly TimeSpan Immediately = TimeSpan.FromSeconds(4);
    private static readonly bool[] Halves = [false, true];

    /// <summary>Headers that are right, and whom they name; null for the sender.</summary>
    private static readonly (byte[] Header, string? Client)[] Right =
    [
        (Text($"PROXY TCP4 {Client} 192.0.2.1 4711 80\r\n"), Client),
        (Text("PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n"), "2001:db8::7"),
        (Text("PROXY UNKNOWN\r\n"), null),
        (WithChecksum(For(Client, Tlv(Noop, 1, 2), Tlv(PrivateLink, 1, 0x25, 0, 0, 0))), Client),
        (For("2001:db8::7"), "2001:db8::7"),
        (Binary(LocalCommand, Unspecified, []), null),
    ];

    private static IEnumerable<(byte[] Header, string? Client, int Cut)> Cuts =>
        from right in Right from cut in Enumerable.Range(1, right.Header.Length - 1) select (right.Header, right.Client, cut);

    private Reader[] Readers =>
    [
        new(Required, line.Ingress.Ports.Http), new(Accepted, line.Ingress.Ports.HttpProxy), new(Accepted, line.Ingress.Ports.HttpsProxy), new(Stranger, line.Edge.Ports.HttpProxy),
    ];

    private Reader[] TlsReaders => [new(Required, line.Ingress.Ports.Https), new(Accepted, line.Ingress.Ports.HttpsProxy), new(Stranger, line.Edge.Ports.HttpsProxy)];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await line.HealthyAsync();

    [Fact]
    public async Task A_part_of_a_header_is_refused_at_once_whatever_its_length() => await EachAsync(Readers, Cuts, async (reader, right) =>
    {
        foreach (var half in Halves)
        {
            var begun = Stopwatch.GetTimestamp();
            var answer = await ProxyCaller.TalkAsync(reader.From, At(reader.Port), async (stream, cancel) =>
            {
                await stream.WriteAsync(right.Header.AsMemory(0, right.Cut), cancel);
                if (half)
                    stream.Socket.Shutdown(SocketShutdown.Send);
                return stream;
            });
            Assert.Equal(Outcome.Closed, answer.Outcome);
            Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Immediately);
        }
    });

    [Fact]
    public async Task A_header_in_two_pieces_is_refused_or_read_and_names_nobody_else() => await EachAsync(Readers[..2], Cuts, async (reader, right) =>
    {
        var answer = await ProxyCaller.TalkAsync(reader.From, At(reader.Port), async (stream, cancel) =>
        {
            await stream.WriteAsync(right.Header.AsMemory(0, right.Cut), cancel);
            await Task.Delay(5, cancel);
            await stream.WriteAsync((byte[])[.. right.Header.AsSpan(right.Cut), .. ProxyCaller.Request], cancel);
            return stream;
        });
        Assert.True(answer.Outcome is Outcome.Closed || answer.Client == (right.Client ?? $"{reader.From}"), $"{answer}"); // both pieces may be there when it looks
    });

    [Fact]
    public async Task A_request_may_come_long_after_its_header_and_byte_by_byte() => await EachAsync(Readers.Except(TlsReaders), Right, async (reader, right) =>
    {
        var answer = await ProxyCaller.TalkAsync(reader.From, At(reader.Port), async (stream, cancel) =>
        {
            await stream.WriteAsync(right.Header, cancel);
            await Task.Delay(50, cancel);
            foreach (var octet in ProxyCaller.Request)
                await stream.WriteAsync(new[] { octet }, cancel);
            return stream;
        });
        Assert.Equal(right.Client ?? $"{reader.From}", answer.Client);
    });

    [Fact]
    public async Task A_header_may_come_in_one_packet_with_the_ClientHello() => await EachAsync(TlsReaders, Right, async (reader, right) =>
    {
        var answer = await ProxyCaller.TalkAsync(reader.From, At(reader.Port), async (stream, cancel) =>
        {
            Cork(stream.Socket, true);
            await stream.WriteAsync(right.Header, cancel);
            var session = new SslStream(stream, leaveInnerStreamOpen: true, (_, shown, _, _) => shown is not null);
            var handshake = session.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "x.example" }, cancel);
            Cork(stream.Socket, false); // the ClientHello was written before the call returned
            await handshake;
            await session.WriteAsync(ProxyCaller.Request, cancel);
            return session;
        });
        Assert.Equal(right.Client ?? $"{reader.From}", answer.Client);
    });

    [Fact]
    public async Task Inside_TLS_a_header_is_a_bad_request() => await EachAsync(TlsReaders, Right, async (reader, right) =>
    {
        byte[] request = [.. right.Header, .. ProxyCaller.Request];
        Assert.Equal(Outcome.Rejected, (await ProxyCaller.AskAsync(reader.From, At(reader.Port), For(Client), tls: true, request)).Outcome);
        Assert.Equal(Outcome.Rejected, (await ProxyCaller.AskAsync(Stranger, At(line.Ingress.Ports.Https), [], tls: true, request)).Outcome);
    });

    [Fact]
    public async Task Who_must_send_a_header_and_says_nothing_is_let_go_after_five_seconds() => await EachAsync(
        [.. Readers, .. TlsReaders], ["nothing"], async (reader, _) =>
    {
        var begun = Stopwatch.GetTimestamp();
        Assert.Equal(Outcome.Closed, (await ProxyCaller.TalkAsync(reader.From, At(reader.Port), (stream, _) => Task.FromResult<Stream>(stream))).Outcome);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(9));
    });

    [Fact]
    public async Task One_wrong_bit_in_a_signature_is_refused()
    {
        var wrong = Enumerable.Range(0, SignatureLength * 8).Select(bit => Flip(For(Client), bit))
            .Concat(Enumerable.Range(0, "PROXY TCP4 ".Length * 8).Select(bit => Flip(Right[0].Header, bit)));
        await EachAsync(Readers, wrong, RefusedAsync);
    }

    [Fact]
    public async Task Every_version_but_2_and_every_command_but_two_is_refused()
    {
        var wrong = Enumerable.Range(0, 256).Select(value => (byte)value).Where(value => value is not (LocalCommand or ProxyCommand)).Select(value => Binary(value, Tcp4, Addresses(Client)));
        await EachAsync(Readers, wrong, RefusedAsync);
    }

    [Fact]
    public async Task Every_family_but_TCP_is_refused_and_with_LOCAL_none_matters()
    {
        var families = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        await EachAsync(Readers, families.Where(family => family is not (Tcp4 or Tcp6)).Select(family => Binary(ProxyCommand, family, Addresses("2001:db8::7"))), RefusedAsync);
        await EachAsync(Readers[..2], families, async (reader, family) =>
            Assert.Equal($"{reader.From}", (await ProxyCaller.AskAsync(reader.From, At(reader.Port), Binary(LocalCommand, family, []))).Client));
    }

    [Fact]
    public async Task With_a_checksum_no_turned_bit_names_another_client()
    {
        var header = Right[3].Header;
        var counts = new int[2];
        await EachAsync(Readers[..2], Enumerable.Range(0, header.Length * 8), async (reader, bit) =>
        {
            var answer = await ProxyCaller.AskAsync(reader.From, At(reader.Port), Flip(header, bit));
            Assert.True(answer.Outcome is Outcome.Closed || answer.Client == Client, $"bit {bit}: {answer}");
            Interlocked.Increment(ref counts[answer.Outcome is Outcome.Closed ? 0 : 1]);
        });
        Assert.Equal(2 * 8, counts[1]); // those in the checksum's own type, after which it is none
    }

    private static async Task RefusedAsync(Reader reader, byte[] header)
    {
        var answer = await ProxyCaller.AskAsync(reader.From, At(reader.Port), header);
        Assert.True(answer.Outcome is Outcome.Closed, $"{Convert.ToHexString(header)}: {answer}");
    }

    private static Task EachAsync<T>(IEnumerable<Reader> readers, IEnumerable<T> cases, Func<Reader, T, Task> check) => Parallel.ForEachAsync(
        from reader in readers from one in cases select (reader, one),
        new ParallelOptions { MaxDegreeOfParallelism = 24, CancellationToken = TestContext.Current.CancellationToken },
        async (pair, _) => await check(pair.reader, pair.one));

    /// <summary>Linux' TCP_CORK: what is written stays here until it is taken off.</summary>
    private static void Cork(Socket socket, bool on) => socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, 3, BitConverter.GetBytes(on ? 1 : 0));

    /// <summary>A port that reads headers, and a source that it reads them from.</summary>
    private sealed record Reader(IPAddress From, int Port);
}
