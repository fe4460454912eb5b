using System.Net;
using System.Net.Security;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>Silent connections hold neither the admin port nor the health port.</summary>
public sealed class CrowdedPortTests : IAsyncLifetime
{
    private static readonly IPAddress Stranger = IPAddress.Parse("127.0.8.1");

    private readonly TestPki pki = new();
    private readonly IngressProxy proxy;
    private readonly Crowd silent = new();

    public CrowdedPortTests() => proxy = new("proxy", IPAddress.Loopback, ProxyPorts.Free(), pki);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static ProxyOptions Soon { get; } = new() { ConnectDeadline = TimeSpan.FromSeconds(2) };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await silent.DisposeAsync();
        await proxy.DisposeAsync();
        pki.Dispose();
    }

    [Theory]
    [InlineData(20, "127.0.0.1", false)]
    [InlineData(20, "127.0.8.1", false)]
    [InlineData(200, "127.0.8.1", false)]
    [InlineData(1000, "127.0.8.1", false)]
    [InlineData(60, "127.0.8.1", true)]
    public async Task Whoever_has_our_certificate_is_let_in_beside_silent_connections(int count, string from, bool sayHello)
    {
        await proxy.StartAsync();
        await HoldAsync(count, proxy.Ports.Admin, IPAddress.Parse(from), sayHello ? Hello() : []);

        await using var connection = await proxy.ConnectAsync(Soon, Cancelled);

        Assert.False((await connection.SendAsync([new("show version")], Cancelled))[0].IsError);
    }

    [Fact]
    public async Task Only_the_sources_that_are_named_may_connect_to_the_admin_port()
    {
        proxy.Environment["ADMIN_SOURCES"] = "198.51.100.0/24 127.0.8.1";
        await proxy.StartAsync();

        await Assert.ThrowsAsync<ProxyUnavailableException>(() => proxy.ConnectAsync(Soon, Cancelled));

        await using var named = await WireClient.ConnectAsync(new(IPAddress.Loopback, proxy.Ports.Admin), Stranger);
        using var session = new SslStream(named, leaveInnerStreamOpen: true, (_, shown, _, _) => shown is not null);
        await session.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "ingress-proxy" }, Cancelled);
        Assert.True(session.IsAuthenticated);
    }

    [Fact]
    public async Task The_kubelet_is_answered_beside_silent_connections()
    {
        await proxy.StartAsync();
        await HoldAsync(300, proxy.Ports.Health, Stranger, "GET / HT"u8.ToArray());

        var answer = await WireClient
            .Http1Async(new(IPAddress.Loopback, proxy.Ports.Health), "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            .WaitAsync(TimeSpan.FromSeconds(2), Cancelled);

        Assert.Equal((200, "alive\n"), (answer.Status, answer.Body));
    }

    private async Task HoldAsync(int count, int port, IPAddress from, byte[] bytes)
    {
        for (var i = 0; i < count; i++)
            await silent.AddAsync(new(IPAddress.Loopback, port), from, bytes);
    }

    /// <summary>The head of a TLS record that never ends.</summary>
    private static byte[] Hello() => [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
}
