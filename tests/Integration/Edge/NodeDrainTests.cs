using System.Globalization;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Edge;

/// <summary>Nodes come and go behind the edge, under load.</summary>
[Collection(nameof(Scenarios))]
public sealed class NodeDrainTests : IAsyncLifetime
{
    private readonly EdgeStage stage = new(nodes: 3);

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_node_is_drained_removed_and_comes_back_and_no_request_fails()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        await using var load = new ClientLoad(stage.Client, stage.EdgeHttp(), "first.example", EdgeStage.EdgeSource);
        await Stage.UntilAsync("requests are answered", () => load.Requests > 300);
        Assert.Equal("node-1 Ready, node-2 Ready, node-3 Ready", await ServersAsync());

        // kubectl drain: the node is cordoned, and what comes anew goes elsewhere at once.
        await clusters.AcceptAsync([stage.Stage.Objects.Applied(stage.NodeObject(1, cordoned: true))]);
        Assert.Equal("node-1 Drain, node-2 Ready, node-3 Ready", await ServersAsync());

        // Its proxy's Pod is asked to end, and ends with its last connection.
        await clusters.AcceptAsync([stage.Stage.Objects.Applied(stage.Slice((1, """{"ready":false,"serving":true,"terminating":true}""")))]);
        await stage.Proxies[0].StopSoftlyAsync();
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        await clusters.AcceptAsync([stage.Stage.Objects.Applied(stage.Slice((1, "")))]);
        await stage.Proxies[0].KillAsync();
        await clusters.AcceptAsync([stage.Stage.Objects.Deleted(stage.NodeObject(1))]);
        await Stage.UntilAsync(async () => await ServersAsync() is "node-2 Ready, node-3 Ready" ? "" : await ServersAsync());

        await stage.Proxies[0].StartAsync();
        await Stage.UntilAsync("the new proxy is restored", () => clusters.Find(stage.Stage.ClusterId)!.Proxies.All(proxy => proxy.Running));
        await clusters.AcceptAsync([stage.Stage.Objects.Applied(stage.NodeObject(1)), stage.Stage.Objects.Applied(stage.Slice())]);
        Assert.Equal("node-1 Ready, node-2 Ready, node-3 Ready", await ServersAsync());
        var before = load.Requests;
        await Stage.UntilAsync("requests go on", () => load.Requests > before + 300);
        await load.DisposeAsync();

        Stage.Say(string.Create(CultureInfo.InvariantCulture, $"{load.Requests} requests on {load.Connections} connections, {load.Rate:0}/s"));
        Assert.Empty(load.Failures.Take(10));
    }

    [Fact]
    public async Task A_node_that_dies_without_a_word_costs_new_connections_nothing()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        await stage.Proxies[2].KillAsync();
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero, UseProxy = false });
        for (var i = 0; i < 200; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{stage.EdgeHttp()}/"));
            request.Headers.Host = "first.example";
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"request {i}: {answer.StatusCode}");
        }
    }

    /// <summary>The nodes that the first edge proxy leads clients' HTTP to, each with its state; both edge proxies must say the same.</summary>
    private async Task<string> ServersAsync()
    {
        var each = await Task.WhenAll(stage.Edges.Select(async edge =>
        {
            var reading = new HAProxyStateReading(PlanScope.All(ProxyRole.Edge));
            await using var connection = await edge.ConnectAsync(cancel: TestContext.Current.CancellationToken);
            var state = reading.Read([.. (await connection.SendAsync(reading.Commands, TestContext.Current.CancellationToken)).Select(reply => reply.IsError ? "" : reply.Text)]);
            return string.Join(", ", state.Backends[state.Routes["edge-http|/"]].Servers.Values.OrderBy(server => server.Name, StringComparer.Ordinal).Select(server => $"{server.Name.Split('_')[0]} {server.State}"));
        }));
        return each[0] == each[1] ? each[0] : string.Join(" but ", each);
    }
}
