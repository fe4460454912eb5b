using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Kubernetes;
using IngressReconciler.Settings;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>Whoever can send events deletes everything, or speaks for another cluster.</summary>
[Collection(nameof(Scenarios))]
public sealed class HostileEventTests : IAsyncLifetime
{
    private const int Hosts = 12;

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Deletions_of_everything_that_only_events_have_take_nothing_away()
    {
        var live = await StartedAsync();
        await live.Function.AcceptAsync(Deletions(live, "ingresses", "Ingress", "host-{0}"));
        await ServedAsync();
        Assert.Equal(Hosts, live.Reconciler.Wanted.Cluster.Counts[ResourceKind.Ingress]);
        Assert.Contains(stage.Log, line => line.Contains(
            $"{Hosts} deletions of Ingress that events brought are held, because with them most of what was last listed would be gone: "
            + "Ingress shop/host-0, Ingress shop/host-1, Ingress shop/host-10 and 9 more. A fresh list decides",
            StringComparison.Ordinal));

        // The list that was asked for at once says that all are there.
        await Stage.UntilAsync("the list has decided", () => !live.Reconciler.HeldDeletions.Any());
        await live.ConvergedAsync();
        await ServedAsync();
    }

    [Fact]
    public async Task Deletions_of_everything_that_are_true_wait_for_a_second_list_or_a_person()
    {
        var live = await StartedAsync();
        await live.StopRelayAsync();
        var deletions = Deletions(live, "ingresses", "Ingress", "host-{0}");
        for (var i = 0; i < Hosts; i++)
            live.Api.Delete("ingresses", "shop", $"host-{i}");
        await live.Function.AcceptAsync(deletions);
        await ServedAsync();
        await Stage.UntilAsync("the list is rejected", () => stage.Log.Any(line =>
            line.Contains("A fresh list of Ingress is rejected: it lacks 12 of 12 known objects", StringComparison.Ordinal)));
        await ServedAsync();
        Assert.Contains(TrustChecks.Judge("c", live.Reconciler), check =>
            check is { Name: "held-deletions" } && check.Cure!.Contains("POST /api/c/resync?confirm=true", StringComparison.Ordinal));

        await live.Reconciler.ResyncAsync(confirmed: true, TestContext.Current.CancellationToken);
        await live.ConvergedAsync();
        Assert.Empty(live.Reconciler.HeldDeletions);
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_about_several_clusters_are_taken_only_where_a_setting_says_so(bool shared)
    {
        var other = new ClusterSettings("other", [], null, ClusterAccess.None, new() { Proxies = null }, new() { AllowLoopbackEndpoints = true });
        AppSettings? settings = null;
        var clusters = stage.Open(beside: [other], alone: !shared, told: one => settings = one);
        var host = await stage.HostAsync("first");
        await clusters.AcceptAsync(host);
        if (shared)
        {
            await stage.ServedAsync("first.example", "first");
            Assert.Empty(clusters.Refusals);
            Assert.Contains(TrustChecks.Judge(settings!), check => check is { Name: "shared-topic", State: CheckState.Warning });
            return;
        }

        Assert.Equal(host.Length, clusters.Refusals.Length);
        Assert.Equal(
            $"an event about Ingress shop/first from cluster '{stage.ClusterId}': 2 clusters are behind one OnClusterEvents, where each one's relay "
            + "could speak for the others, so that no event is taken; give each cluster a function app of its own; or give each a topic of its own, "
            + "whose subscription lets through only its source (infra/event-subscription.bicep), and set IngressReconciler__SharedTopic=true",
            clusters.Refusals[^1].Reason);
        Assert.Equal(JournalPosition.Start, clusters.All[stage.ClusterId].Position);
        Assert.Contains(TrustChecks.Judge(settings!), check => check is { Name: "shared-topic", State: CheckState.Failed });
    }

    private static JsonElement[] Deletions(LiveCluster live, string plural, string kind, string name) =>
    [
        .. Enumerable.Range(0, Hosts).Select(i =>
        {
            var one = live.Api.Get(plural, "shop", string.Format(CultureInfo.InvariantCulture, name, i))!;
            one["kind"] = kind;
            one["metadata"]!["resourceVersion"] = "4000000000";
            return JsonElement.Parse(
                ObjectEvents.Write(ClusterEvent.DeletedType, live.Stage.ClusterId, ObjectTrimming.Trim((JsonObject)one)!, DateTimeOffset.UnixEpoch));
        }),
    ];

    private async Task ServedAsync()
    {
        for (var i = 0; i < Hosts; i++)
            await stage.ServedAsync($"host-{i}.example", $"host-{i}");
    }

    private async Task<LiveCluster> StartedAsync()
    {
        var live = await LiveCluster.StartAsync(stage);
        for (var i = 0; i < Hosts; i++)
            await live.HostAsync($"host-{i}");
        await live.ConvergedAsync();
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        return live;
    }
}
