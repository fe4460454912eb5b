using System.Net;
using System.Text;
using Xunit;
using static IngressReconciler.Tests.Integration.Proxies.ProxyHeaders;
using static IngressReconciler.Tests.Integration.Proxies.ProxyLine;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>The edge between load balancer and ingress proxy: whom it takes for the client, and what it answers the load balancer's probe.</summary>
public sealed class EdgeBalancerTests(ProxyLine line) : IClassFixture<ProxyLine>, IAsyncLifetime
{
    private const string Client = "203.0.113.7";

    /// <summary>Probes of load balancers, with a header and without.</summary>
    private static readonly byte[][] Probes = [[], Binary(LocalCommand, Unspecified, []), For("168.63.129.16"), For("168.63.129.16", Tlv(PrivateLink, 1, 0x25, 0, 0, 0)), For("2001:db8::7")];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await line.HealthyAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_client_of_a_header_arrives_and_without_one_the_peer_does(bool tls)
    {
        var (plain, proxy) = tls ? (line.Edge.Ports.Https, line.Edge.Ports.HttpsProxy) : (line.Edge.Ports.Http, line.Edge.Ports.HttpProxy);
        foreach (var header in (byte[][])[For(Client), Text($"PROXY TCP4 {Client} 192.0.2.1 4711 80\r\n")])
        {
            var answer = await ProxyCaller.AskAsync(Stranger, At(proxy), header, tls);
            Assert.Contains($$"""
                "client":"{{Client}}","clientPort":4711,"header":true,"port":"{{(tls ? "https" : "http")}}-proxy","forwardedFor":"{{Client}}"
                """, answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal("2001:db8::7", (await ProxyCaller.AskAsync(Stranger, At(proxy), For("2001:db8::7"), tls)).Client);
        Assert.Equal($"{Stranger}", (await ProxyCaller.AskAsync(Stranger, At(plain), [], tls)).Client);
        Assert.Equal($"{Required}", (await ProxyCaller.AskAsync(Required, At(plain), [], tls)).Client);
        Assert.Equal(Outcome.Closed, (await ProxyCaller.AskAsync(Stranger, At(proxy), [], tls)).Outcome);
    }

    [Fact]
    public async Task The_load_balancer_learns_whether_it_is_ready_with_a_header_and_without()
    {
        await AllAnswerAsync(Probes, "503", "/readyz");
        await line.TellEdgeAsync("add map virt@state ready 1");
        await AllAnswerAsync(Probes, "200", "/readyz");
        await AllAnswerAsync(Probes, "404", "/livez");
        await line.TellEdgeAsync("set map virt@state ready 0");
        await AllAnswerAsync(Probes, "503", "/readyz");
        await line.TellEdgeAsync("clear map virt@state");
        await AllAnswerAsync(Probes, "503", "/readyz");
    }

    [Fact]
    public async Task A_probe_may_come_in_pieces_but_not_its_header()
    {
        foreach (var cut in (int[])[1, 8, 11])
        {
            var plain = await ProxyCaller.TalkAsync(Stranger, At(line.Edge.Ports.Balancer), async (stream, cancel) =>
            {
                var request = Probe("/readyz");
                await stream.WriteAsync(request.AsMemory(0, cut), cancel);
                await Task.Delay(20, cancel);
                await stream.WriteAsync(request.AsMemory(cut), cancel);
                return stream;
            });
            Assert.StartsWith("HTTP/1.1 503 ", plain.Text, StringComparison.Ordinal);
        }

        var header = For("168.63.129.16");
        for (var cut = SignatureLength; cut < header.Length; cut++)
        {
            var answer = await ProxyCaller.TalkAsync(Stranger, At(line.Edge.Ports.Balancer), async (stream, cancel) =>
            {
                await stream.WriteAsync(header.AsMemory(0, cut), cancel);
                return stream;
            });
            Assert.Equal(Outcome.Closed, answer.Outcome);
        }
    }

    [Fact]
    public async Task What_is_no_probe_is_never_told_that_it_is_ready()
    {
        await line.TellEdgeAsync("add map virt@state ready 1");
        byte[][] wrong =
        [
            Text($"PROXY TCP4 {Client} 192.0.2.1 4711 80\r\n"), // version 1: Azure sends version 2
            [.. For(Client), .. For(Client)],
            Binary(ProxyCommand, Unspecified, []),
            Binary(0x22, Tcp4, Addresses(Client)),
            Binary(0x11, Tcp4, Addresses(Client)),
            For(Client, Tlv(Checksum, 1, 2, 3, 4)),
            .. Enumerable.Range(0, SignatureLength * 8).Select(bit => Flip(For(Client), bit)),
        ];
        await Parallel.ForEachAsync(wrong, TestContext.Current.CancellationToken, async (header, _) =>
            Assert.NotEqual(Outcome.Served, (await ProxyCaller.AskAsync(Stranger, At(line.Edge.Ports.Balancer), header, request: Probe("/readyz"))).Outcome));
        await line.TellEdgeAsync("clear map virt@state");
    }

    private static byte[] Probe(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {IPAddress.Loopback}\r\nConnection: close\r\n\r\n");

    private async Task AllAnswerAsync(byte[][] headers, string status, string path)
    {
        foreach (var header in headers)
        {
            var answer = await ProxyCaller.AskAsync(Stranger, At(line.Edge.Ports.Balancer), header, request: Probe(path));
            Assert.StartsWith($"HTTP/1.1 {status} ", answer.Text, StringComparison.Ordinal);
        }
    }
}
