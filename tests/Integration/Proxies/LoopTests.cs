using System.Globalization;
using System.Net;
using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>A request that comes back to a proxy is cut (RFC 8586), and one that only passes several proxies is not.</summary>
public sealed class LoopTests : IAsyncLifetime
{
    private readonly TestPki pki = new();
    private readonly IngressProxy proxy;
    private readonly IngressProxy elsewhere;
    private readonly HeadPod one = new("one");
    private readonly HeadPod two = new("two");

    public LoopTests()
    {
        proxy = new("proxy", IPAddress.Loopback, ProxyPorts.Free(), pki);
        elsewhere = new("elsewhere", IPAddress.Loopback, ProxyPorts.Free(), pki);
        elsewhere.Environment["LOOP_ID"] = "another-cluster";
    }

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(proxy.StartAsync(), elsewhere.StartAsync());
        foreach (var each in new[] { proxy, elsewhere })
        {
            await each.TellAsync([
                .. one.Backend, .. two.Backend,
                "add backend back from http",
                $"add server back/s ipv4@127.0.0.1:{proxy.Ports.Http}",
                "set server back/s state ready",
                "publish backend back",
                "add map virt@routes ingress|one.example/ one",
                "add map virt@routes ingress|two.example/ two",
                "add map virt@routes ingress|back.example/ back",
                "add map virt@routes \\#version 1",
            ]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        await elsewhere.DisposeAsync();
        await one.DisposeAsync();
        await two.DisposeAsync();
        pki.Dispose();
    }

    [Fact]
    public async Task A_slice_that_names_the_proxy_itself_costs_one_more_request_and_not_all_connections()
    {
        var before = await RequestsAsync();
        var http1 = await AskAsync(proxy, "back.example");
        var http2 = await WireClient.Http2Async(
            At(proxy),
            [(":method", "GET"), (":scheme", "http"), (":authority", "back.example"), (":path", "/")]);

        Assert.Equal((508, 508), (http1.Status, http2.Status));
        Assert.StartsWith("loop: ", http1.Body, StringComparison.Ordinal);
        Assert.Equal(4, await RequestsAsync() - before);
        Assert.Equal(200, (await AskAsync(proxy, "one.example")).Status);
    }

    [Fact]
    public async Task A_client_cannot_have_the_mark_removed()
    {
        const string removing = "Connection: CDN-Loop, close\r\nCDN-Loop: a.example;x=\"y\", b\r\n";
        Assert.Equal(508, (await AskAsync(proxy, "back.example", removing)).Status);
        var seen = await AskAsync(proxy, "one.example", "Connection: cdn-loop\r\nCDN-Loop: a.example\r\n");
        Assert.Contains("cdn-loop: a.example\r\n", seen.Body, StringComparison.Ordinal);
        Assert.Contains("cdn-loop: ingress-reconciler.", seen.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_may_pass_another_cluster_with_the_same_names()
    {
        var seen = await AskAsync(elsewhere, "back.example");
        Assert.Equal(508, seen.Status); // one pass there, and here the loop
        var passed = Mark((await AskAsync(elsewhere, "one.example")).Body);
        Assert.StartsWith("another-cluster.", passed, StringComparison.Ordinal);
        Assert.Equal(200, (await AskAsync(proxy, "one.example", $"CDN-Loop: {passed}\r\n")).Status);
    }

    [Theory]
    [InlineData("CDN-Loop: {0}\r\n")]
    [InlineData("CDN-Loop: a.example;x=y,{0}\r\n")]
    [InlineData("CDN-Loop: a.example\r\ncdn-loop:\t{0} ; x=y , b.example\r\n")]
    public async Task A_pod_may_pass_its_requests_on_to_another_host_of_the_cluster_and_not_to_its_own(string lines)
    {
        var headers = string.Format(CultureInfo.InvariantCulture, lines, Mark((await AskAsync(proxy, "one.example")).Body));
        Assert.Equal(200, (await AskAsync(proxy, "two.example", headers)).Status);
        Assert.Equal(508, (await AskAsync(proxy, "one.example", headers)).Status);
    }

    private static string Mark(string seen) => WireAnswer.ValueIn(seen, "cdn-loop")!;

    private static IPEndPoint At(IngressProxy proxy) => new(IPAddress.Loopback, proxy.Ports.Http);

    private static Task<WireAnswer> AskAsync(IngressProxy proxy, string host, string headers = "") =>
        WireClient.Http1Async(At(proxy), $"GET / HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");

    private async Task<int> RequestsAsync()
    {
        await using var connection = await proxy.ConnectAsync();
        var reply = await connection.SendAsync([new RuntimeCommand("show stat ingress 1 -1")], TestContext.Current.CancellationToken);
        return int.Parse(reply[0].Text.Split('\n')[1].Split(',')[48], CultureInfo.InvariantCulture); // req_tot
    }
}
