using System.Net;
using System.Text;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// What one backend or one source may hold of a proxy that takes 500 connections: beside it another tenant's requests do not fail.
/// </summary>
public sealed class FairShareTests : IAsyncLifetime
{
    private const int All = 500;
    private const int OfABackend = 125;
    private const int OfASource = 100;

    // Well below what a client that is held up would wait for.
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(4);

    private readonly TestPki pki = new();
    private readonly IngressProxy proxy;
    private readonly HeadPod other = new("other");
    private readonly HangingPod hanging = new();
    private readonly Crowd crowd = new();

    public FairShareTests() => proxy = new("proxy", IPAddress.Loopback, ProxyPorts.Free(), pki);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IPEndPoint Http => new(IPAddress.Loopback, proxy.Ports.Http);

    private static byte[] ToHanging { get; } = "GET / HTTP/1.1\r\nHost: hanging.example\r\n\r\n"u8.ToArray();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await crowd.DisposeAsync();
        await proxy.DisposeAsync();
        await other.DisposeAsync();
        hanging.Dispose();
        pki.Dispose();
    }

    [Theory]
    [InlineData(200)]
    [InlineData(All + 100)]
    public async Task Requests_to_a_pod_that_hangs_take_a_share_and_the_next_are_told_so(int requests)
    {
        await StartAsync();
        for (var i = 0; i < requests; i++)
            await SendAsync(Source(i % 20), ToHanging);
        await OthersAreServedAsync(Source(30));

        Assert.Equal(requests - OfABackend, await crowd.EndedAsync());
        Assert.Equal(OfABackend, hanging.Taken);
        var refused = await WireClient.Http1Async(Http, "GET / HTTP/1.1\r\nHost: hanging.example\r\n\r\n", Source(30));
        Assert.Equal((503, "too many requests at a time for this backend\n"), (refused.Status, refused.Body));
        Assert.Equal("5", WireAnswer.ValueIn(refused.Head, "retry-after"));
        Assert.Equal("close", WireAnswer.ValueIn(refused.Head, "connection"));
    }

    [Fact]
    public async Task Requests_that_wait_for_a_server_count_as_well()
    {
        await StartAsync(
            "add server hanging/second ipv4@127.0.0.1:{0} maxconn 3",
            "set server hanging/second state ready",
            "set server hanging/pod state maint");
        for (var i = 0; i < All + 100; i++)
            await SendAsync(Source(i % 20), ToHanging);
        await OthersAreServedAsync(Source(30));
        Assert.Equal(3, hanging.Taken);
    }

    [Fact]
    public async Task Connections_of_one_source_take_a_share()
    {
        await StartAsync();
        for (var i = 0; i < All + 100; i++)
            await SendAsync(Source(1), i % 2 == 0 ? [] : "GET / HT"u8.ToArray());
        await OthersAreServedAsync(Source(2));
        Assert.Equal(All + 100 - OfASource, await crowd.EndedAsync());
        Assert.Equal(0, (await AskAsync(Source(1))).Status);
    }

    [Fact]
    public async Task Over_TLS_a_handshake_counts_from_its_first_packet()
    {
        await StartAsync();
        for (var i = 0; i < All + 100; i++)
            await crowd.AddAsync(new(IPAddress.Loopback, proxy.Ports.Https), Source(1));
        await OthersAreServedAsync(Source(2));
        Assert.Equal(All + 100 - OfASource, await crowd.EndedAsync());
    }

    [Fact]
    public async Task Over_HTTP2_the_requests_of_one_source_count()
    {
        await StartAsync();
        var answers = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            (string, string)[] fields = [(":method", "GET"), (":scheme", "http"), (":authority", "hanging.example"), (":path", "/")];
            var requests = Enumerable.Range(0, 50).SelectMany(one => WireClient.Request((2 * one) + 1, fields));
            await SendAsync(Source(1), [.. WireClient.Preface, .. requests]);
        }

        foreach (var stream in crowd.Open)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                await foreach (var (type, _, _, payload) in WireClient.FramesAsync(stream, patience.Token))
                {
                    if (type == 1)
                        answers.Add(WireClient.Status(payload));
                }
            }
            catch (OperationCanceledException)
            {
            }
        }

        Assert.Equal(OfASource, hanging.Taken);
        Assert.Equal(Enumerable.Repeat(429, 150 - OfASource), answers);
        await OthersAreServedAsync(Source(2));
    }

    [Fact]
    public async Task Behind_a_PROXY_header_it_is_the_client_that_counts()
    {
        await StartAsync();
        await proxy.TellAsync($"add map virt@proxy-sources {Source(9)}/32 accepted");
        var port = new IPEndPoint(IPAddress.Loopback, proxy.Ports.HttpProxy);
        for (var i = 0; i < 3 * OfASource; i++)
        {
            var client = i % 2 == 0 ? "203.0.113.7" : $"203.0.{i % 250}.{i / 250}";
            await crowd.AddAsync(port, Source(9), Encoding.ASCII.GetBytes($"PROXY TCP4 {client} 203.0.113.1 {4000 + i} 80\r\n"));
        }

        Assert.Equal((3 * OfASource / 2) - OfASource, await crowd.EndedAsync());
        var another = Encoding.ASCII.GetBytes("PROXY TCP4 203.0.113.9 203.0.113.1 4000 80\r\n");
        Assert.Equal(200, (await WireClient.Http1Async(port, "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", Source(9), another)).Status);
    }

    [Fact]
    public async Task Whoever_speaks_for_many_is_not_counted()
    {
        proxy.Environment["FRONT_PROXIES"] = $"198.51.100.0/24 {Source(8)}/32";
        await StartAsync();
        await proxy.TellAsync($"add map virt@forwarders {Source(7)}/32 1");
        foreach (var source in new[] { Source(7), Source(8) })
        {
            for (var i = 0; i < 2 * OfASource; i++)
                await SendAsync(source, []);
            Assert.Equal(200, (await AskAsync(source)).Status);
        }
    }

    [Fact]
    public async Task The_shares_can_be_set()
    {
        proxy.Environment["SOURCE_SHARE"] = "10";
        proxy.Environment["BACKEND_SHARE"] = "4";
        await StartAsync();
        for (var i = 0; i < 40; i++)
            await SendAsync(Source(1), ToHanging);
        Assert.Equal(40 - 20, await crowd.EndedAsync());
        Assert.Equal(20, hanging.Taken);
        for (var i = 0; i < 80; i++)
            await SendAsync(Source(1), []);
        Assert.Equal(0, (await AskAsync(Source(1))).Status);
    }

    [Fact]
    public async Task At_the_edge_one_source_takes_a_share_and_full_ports_leave_the_admin_port_free()
    {
        proxy.Environment["FRONT_PROXIES"] = "127.0.0.1";
        await StartAsync();
        await using var edge = new EdgeProxy("edge", IPAddress.Loopback, EdgePorts.Free(), pki);
        edge.Environment["MAXCONN"] = "1000";
        await edge.StartAsync();
        await edge.TellAsync(
            "add backend tcp:x from tcp",
            $"add server tcp:x/s ipv4@127.0.0.1:{proxy.Ports.Http}",
            "set server tcp:x/s state ready",
            "publish backend tcp:x",
            "add map virt@routes edge-http|/ tcp:x",
            "add map virt@routes edge-https|/ tcp:x");
        var http = new IPEndPoint(IPAddress.Loopback, edge.Ports.Http);
        for (var i = 0; i < All + 100; i++)
            await crowd.AddAsync(http, Source(1));
        Assert.Equal(200, (await AskAsync(Source(2), http)).Status);
        Assert.Equal(All + 100 - OfASource, await crowd.EndedAsync());

        for (var i = 0; i < 1600; i++)
            await crowd.AddAsync(new(IPAddress.Loopback, i % 2 == 0 ? edge.Ports.Http : edge.Ports.Https), Source(10 + (i % 40)));
        await edge.TellAsync("show info");
    }

    private static IPAddress Source(int number) => IPAddress.Parse($"127.0.7.{number + 1}");

    private async Task StartAsync(params string[] commands)
    {
        await proxy.StartAsync();
        await proxy.TellAsync([
            .. other.Backend,
            "add backend hanging from http",
            $"add server hanging/pod ipv4@127.0.0.1:{hanging.Port}",
            "set server hanging/pod state ready",
            "publish backend hanging",
            "add map virt@routes ingress|other.example/ other",
            "add map virt@routes ingress|hanging.example/ hanging",
            "add map virt@routes \\#version 1",
            .. commands.Select(command => command.Replace("{0}", $"{hanging.Port}", StringComparison.Ordinal)),
        ]);
    }

    private Task SendAsync(IPAddress from, byte[] bytes) => crowd.AddAsync(Http, from, bytes);

    private Task<WireAnswer> AskAsync(IPAddress from, IPEndPoint? to = null) =>
        WireClient.Http1Async(to ?? Http, "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", from).WaitAsync(Prompt, Cancelled);

    private async Task OthersAreServedAsync(IPAddress from)
    {
        for (var i = 0; i < 20; i++)
            Assert.Equal(200, (await AskAsync(from)).Status);
    }
}
