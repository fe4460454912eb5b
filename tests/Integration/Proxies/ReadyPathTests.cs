using System.Net;
using System.Text;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>The path that edges ask is answered to them only; for all others it is a path like any.</summary>
public sealed class ReadyPathTests : IAsyncLifetime
{
    private const string Path = "/.well-known/ingress-reconciler/ready";

    private readonly TestPki pki = new();
    private readonly IngressProxy proxy;
    private readonly HeadPod pod = new("pod");

    public ReadyPathTests() => proxy = new("proxy", IPAddress.Loopback, ProxyPorts.Free(), pki);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        await pod.DisposeAsync();
        pki.Dispose();
    }

    [Theory]
    [InlineData("203.0.113.7")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    public async Task A_stranger_asks_the_tenant(string client)
    {
        await StartAsync();
        var answer = await AskAsync(proxy.Ports.HttpProxy, $"PROXY TCP4 {client} 203.0.113.1 4000 80\r\n");
        Assert.Equal(200, answer.Status);
        Assert.StartsWith($"pod\nGET {Path} HTTP/1.1\r\n", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PROXY TCP4 10.1.2.3 203.0.113.1 4000 80\r\n")]
    [InlineData("PROXY TCP6 fd00::7 2001:db8::1 4000 80\r\n")]
    [InlineData("PROXY UNKNOWN\r\n")]
    public async Task Whoever_is_in_a_private_network_is_told(string header)
    {
        await StartAsync();
        await ToldAsync(header.Length == 0 ? proxy.Ports.Http : proxy.Ports.HttpProxy, header);
    }

    [Fact]
    public async Task The_sources_can_be_set_and_whoever_may_send_a_header_is_always_told()
    {
        proxy.Environment["FRONT_PROXIES"] = "192.0.2.0/24 2001:db8::/32";
        await StartAsync();
        await ToldAsync(proxy.Ports.HttpProxy, "PROXY TCP4 192.0.2.9 203.0.113.1 4000 80\r\n");
        await ToldAsync(proxy.Ports.HttpProxy, "PROXY TCP6 2001:db8::9 2001:db8::1 4000 80\r\n");
        await ToldAsync(proxy.Ports.Http, "");
        var stranger = await AskAsync(proxy.Ports.HttpProxy, "PROXY TCP4 10.1.2.3 203.0.113.1 4000 80\r\n");
        Assert.StartsWith("pod\n", stranger.Body, StringComparison.Ordinal);

        await proxy.TellAsync("clear map virt@proxy-sources");
        Assert.StartsWith("pod\n", (await AskAsync(proxy.Ports.Http, "")).Body, StringComparison.Ordinal);
    }

    private static async Task ToldAsync(int port, string header)
    {
        var answer = await AskAsync(port, header);
        Assert.Equal((503, "not ready\n"), (answer.Status, answer.Body));
    }

    private static Task<WireAnswer> AskAsync(int port, string header) =>
        WireClient.Http1Async(
            new(IPAddress.Loopback, port), $"GET {Path} HTTP/1.1\r\nHost: x.example\r\n\r\n", before: Encoding.ASCII.GetBytes(header));

    private async Task StartAsync()
    {
        await proxy.StartAsync();
        await proxy.TellAsync([
            .. pod.Backend,
            "add map virt@routes ingress|x.example/ pod",
            "add map virt@routes \\#version 1",
            "add map virt@proxy-sources 127.0.0.1/32 accepted",
        ]);
    }
}
