using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>A resync finds what events missed and what proxies lost, and does not believe a list that lacks too much.</summary>
[Collection(nameof(Scenarios))]
public sealed class ResyncTests : IAsyncLifetime
{
    private const int Hosts = 12;

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task What_events_missed_is_taken_and_counted_and_the_next_finds_nothing()
    {
        var live = await StartedAsync();
        await live.StopRelayAsync();
        await live.HostAsync("missed");
        live.Api.Delete("ingresses", "shop", "host-1");

        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal((4, 0L, 0), (report.Missed, report.Drift, report.Suspects.Length)); // Service, slice, Ingress; and one that is gone
        await stage.ServedAsync("missed.example", "missed");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Status);

        var next = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal(0, next.Missed);
        Assert.Equal(next.At, (await stage.StorageOf().Resync.ReadAsync(TestContext.Current.CancellationToken))!.At);
    }

    [Fact]
    public async Task What_nobody_reads_is_not_missed()
    {
        var live = await StartedAsync();
        var service = live.Api.Get("services", "shop", "host-1")!;
        service["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}""");
        live.Api.Apply(service);

        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal(0, report.Missed);
    }

    [Fact]
    public async Task What_a_proxy_lost_is_brought_back_and_counted()
    {
        var live = await StartedAsync();
        var steady = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal(0, steady.Drift);

        await Stage.TellAsync(stage.Proxies[1], "del map virt@routes ingress|host-1.example/");
        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.True(report.Drift > 0);
        await stage.ServedAsync("host-1.example", "host-1");
    }

    [Theory]
    [InlineData("ingresses")]
    [InlineData("ingressclasses")]
    public async Task A_list_that_lacks_most_is_held_back_until_a_second_one_says_the_same(string plural)
    {
        var live = await StartedAsync();
        await live.StopRelayAsync();
        for (var i = 0; i < 11; i++)
            live.Api.Apply($$"""{ apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: { name: class-{{i}} }, spec: { controller: example.com/other } }""");
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);

        live.Api.Faults.Next("list", plural, Fault.PartialList(1), 2);
        var first = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal([plural == "ingresses" ? ResourceKind.Ingress : ResourceKind.IngressClass], first.Suspects.Select(one => one.Kind));
        Assert.Equal(0, first.Missed);
        await AllServedAsync();

        var second = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Empty(second.Suspects);
        Assert.Equal(11, second.Missed);

        // It was a lie, told twice; the truth comes back with the next.
        var third = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal(11, third.Missed);
        await AllServedAsync();
    }

    [Fact]
    public async Task A_list_that_was_held_back_is_forgotten_by_a_good_one_in_between_and_believed_when_confirmed()
    {
        var live = await StartedAsync();
        await live.StopRelayAsync();
        for (var turn = 0; turn < 2; turn++)
        {
            live.Api.Faults.Next("list", "ingresses", Fault.EmptyList);
            Assert.NotEmpty((await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken)).Suspects);
            Assert.Empty((await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken)).Suspects);
        }

        await AllServedAsync();
        for (var i = 0; i < Hosts - 1; i++)
            live.Api.Delete("ingresses", "shop", $"host-{i}");
        Assert.NotEmpty((await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken)).Suspects);
        var confirmed = await live.Reconciler.ResyncAsync(confirmed: true, TestContext.Current.CancellationToken);
        Assert.Equal((Hosts - 1, 0), (confirmed.Missed, confirmed.Suspects.Length));
        await live.ConvergedAsync();
    }

    public static TheoryData<string> Failures => ["empty", "refused", "cut", "garbage", "gone", "hanging connection"];

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failed_or_empty_list_never_empties_an_upstream(string failure)
    {
        var live = await StartedAsync();
        await live.StopRelayAsync();
        foreach (var plural in (string[])["services", "endpointslices"])
        {
            live.Api.Faults.Always("list", plural, failure switch
            {
                "empty" => Fault.EmptyList,
                "refused" => Fault.Answer(ApiStatus.Forbidden("", plural, "", "not today")),
                "cut" => Fault.CutAfter(500),
                "garbage" => Fault.Html(200),
                "gone" => Fault.Answer(ApiStatus.ServiceUnavailable("not today")),
                _ => Fault.Reset,
            });
        }

        for (var i = 0; i < 3; i++)
        {
            var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
            Assert.Equal(2, report.Failures.Length);
            Assert.Equal(0, report.Missed);
        }

        await AllServedAsync();
    }

    private async Task<LiveCluster> StartedAsync()
    {
        var live = await LiveCluster.StartAsync(stage);
        for (var i = 0; i < Hosts; i++)
            await live.HostAsync($"host-{i}");
        await live.ConvergedAsync();
        return live;
    }

    private async Task AllServedAsync()
    {
        for (var i = 0; i < Hosts; i++)
            await stage.ServedAsync($"host-{i}.example", $"host-{i}");
    }
}
