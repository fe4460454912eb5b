using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Edge;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Edge;

/// <summary>PROXY protocol comes and goes in a running system, under load, and nothing that is not proved to work is done.</summary>
[Collection(nameof(Scenarios))]
public sealed class CutOverTests : IAsyncLifetime
{
    private readonly EdgeStage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Enable_disable_and_another_version_lose_no_request_and_no_clients_address()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        await using var load = new ClientLoad(stage.Client, stage.EdgeHttp(), "first.example", EdgeStage.EdgeSource);
        await Stage.UntilAsync("requests are answered", () => load.Requests > 300);

        foreach (var (to, right) in new[] { (SendProxy.V1, ClientLoad.Self), (SendProxy.None, EdgeStage.EdgeSource), (SendProxy.V1, ClientLoad.Self), (SendProxy.V2, ClientLoad.Self) })
        {
            await GoAsync(clusters.CutOverOf(stage.Stage.ClusterId), load, to, right);
            var before = load.Requests;
            await Stage.UntilAsync("requests go on", () => load.Requests > before + 300);
        }

        await load.DisposeAsync();
        Stage.Say(string.Create(CultureInfo.InvariantCulture, $"{load.Requests} requests on {load.Connections} connections, {load.Rate:0}/s; pods were told {string.Join(", ", load.Seen.Select(pair => $"{pair.Key} {pair.Value} times"))}"));
        Assert.Empty(load.Failures.Take(10));
        Assert.Equal([EdgeStage.EdgeSource, ClientLoad.Self], load.Seen.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Another_instance_goes_on_where_one_was_left_after_each_phase()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        await using var load = new ClientLoad(stage.Client, stage.EdgeHttp(), "first.example", EdgeStage.EdgeSource, ClientLoad.Self);
        foreach (var to in new[] { SendProxy.V2, SendProxy.None })
        {
            CutOverReport report;
            do
            {
                report = await clusters.CutOverOf(stage.Stage.ClusterId).AdvanceAsync(to, TestContext.Current.CancellationToken);
                Assert.Empty(report.Obstacles);
                await clusters.DisposeAsync();
                clusters = stage.Open();
            }
            while (report.Taken is not null);
            Assert.Empty(report.Left);
        }

        await load.DisposeAsync();
        Assert.Empty(load.Failures.Take(10));
    }

    [Fact]
    public async Task A_way_that_does_not_work_is_not_taken()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        var cutOver = clusters.CutOverOf(stage.Stage.ClusterId);
        Assert.Equal("accept", (await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Taken?.Name);
        Assert.Equal("try", (await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Taken?.Name);

        // A proxy forgets whom to believe, behind our back: what the edge is about to send would be refused there.
        await Stage.TellAsync(stage.Proxies[1], $"del map virt@proxy-sources {EdgeStage.EdgeSource}/32");
        var report = await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken);
        Assert.Null(report.Taken);
        Assert.All(report.Obstacles, obstacle => Assert.Contains("probe-http", obstacle, StringComparison.Ordinal));
        Assert.Equal(SendProxy.None, report.Now.Send);

        await clusters.ResyncAsync(TestContext.Current.CancellationToken);

        // The edge's own check finds the node well again within a moment.
        await Stage.UntilAsync(async () => await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken) is { Taken: null, Obstacles: var left } ? $"not gone on: {string.Join(' ', left)}" : "");
        Assert.Equal(SendProxy.V2, (await cutOver.LookAsync(null, TestContext.Current.CancellationToken)).Now.Send);
    }

    [Fact]
    public async Task While_a_proxy_cannot_be_reached_nothing_is_changed()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        var cutOver = clusters.CutOverOf(stage.Stage.ClusterId);
        await stage.Proxies[1].KillAsync();
        await Stage.UntilAsync(async () => (await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Obstacles is [var one] && one.Contains("node-2", StringComparison.Ordinal) ? "" : "the dead proxy is not named");
        Assert.Equal(new(), (await cutOver.LookAsync(null, TestContext.Current.CancellationToken)).Now);
        await stage.Proxies[1].StartAsync();
        await Stage.UntilAsync(async () => (await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Taken?.Name == "accept" ? "" : "not gone on");
    }

    [Fact]
    public async Task Of_two_that_change_it_at_once_only_the_first_does()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        var cutOver = clusters.CutOverOf(stage.Stage.ClusterId);
        Assert.Equal("accept", (await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Taken?.Name);

        // The last phase back waits for connections that are being made. Meanwhile another instance begins to send.
        var forgetting = cutOver.AdvanceAsync(SendProxy.None, TestContext.Current.CancellationToken);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        var reconciler = clusters.All[stage.Stage.ClusterId];
        var seen = reconciler.Wanted.Cluster.Find<ProxyProtocol>(ProxyProtocol.EdgeKey)!.Metadata.ResourceVersion;
        var sends = new ProxyProtocolSpec(HeaderAcceptance.Accepted, SendProxy.V2, SendProxy.V2);
        await reconciler.AcceptAsync([new Applied(new ProxyProtocol { Metadata = new() { Name = ProxyProtocol.EdgeKey.Name, ResourceVersion = ResourceVersion.After(seen) }, Spec = sends })]);

        var report = await forgetting;
        Assert.Null(report.Taken);
        Assert.NotEmpty(report.Obstacles);
        Assert.Equal(sends, (await cutOver.LookAsync(null, TestContext.Current.CancellationToken)).Now);
    }

    [Fact]
    public async Task What_makes_headers_dangerous_does_not_keep_anybody_from_giving_them_up()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        var cutOver = clusters.CutOverOf(stage.Stage.ClusterId);
        Assert.Equal("accept", (await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Taken?.Name);

        await clusters.AcceptAsync([stage.Stage.Objects.Applied(stage.Service("Cluster"))]);
        Assert.Contains("externalTrafficPolicy", Assert.Single((await cutOver.AdvanceAsync(SendProxy.V2, TestContext.Current.CancellationToken)).Obstacles), StringComparison.Ordinal);
        Assert.Equal("forget", (await cutOver.AdvanceAsync(SendProxy.None, TestContext.Current.CancellationToken)).Taken?.Name);
    }

    private static async Task GoAsync(EdgeCutOver cutOver, ClientLoad load, SendProxy to, string right)
    {
        while (true)
        {
            var next = (await cutOver.LookAsync(to, TestContext.Current.CancellationToken)).Left;
            if (next is [{ Name: "send" }, ..])
                load.Expect(EdgeStage.EdgeSource, ClientLoad.Self);
            var report = await cutOver.AdvanceAsync(to, TestContext.Current.CancellationToken);
            Assert.Empty(report.Obstacles);
            if (report.Taken is { Name: "send" })
                load.Expect(right);
            Stage.Say($"{to}: {report.Taken?.Name ?? "verified"}");
            if (report.Taken is null)
                return;
        }
    }
}
