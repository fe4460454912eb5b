using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Doctor;
using IngressReconciler.Kubernetes;
using IngressReconciler.Reports;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>A history that goes back is followed: the fresh list wins, and what was said on the way says so.</summary>
[Collection(nameof(Scenarios))]
public sealed class HistoryTests : IAsyncLifetime
{
    private const int Hosts = 12;

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_restore_of_etcd_is_rejected_once_and_then_followed_and_so_is_all_that_comes_after()
    {
        var live = await StartedAsync();
        var restore = live.Api.Backup();

        // What the backup does not know: new pods everywhere, a host that came, one that went.
        for (var i = 0; i < Hosts; i++)
            await MoveAsync(live, $"host-{i}", 2);
        await live.HostAsync("came");
        live.Api.Delete("ingresses", "shop", "host-0");
        await live.ConvergedAsync();
        var last = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await live.StopRelayAsync();
        await restore();

        var first = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Contains(first.Suspects, one => one is { Kind: ResourceKind.EndpointSlice, Reason: Suspicion.GoesBack, Missing: Hosts + 1 });
        Assert.All(first.Suspects, one => Assert.Equal(Suspicion.GoesBack, one.Reason));
        Assert.Equal((0, 0), (first.Missed, first.Corrected));
        Assert.True(ResourceVersion.Compare(first.Versions[ResourceKind.Ingress], last.Versions[ResourceKind.Ingress]) < 0);
        Assert.Contains(stage.Log, line =>
            line.Contains("A fresh list of EndpointSlice is rejected: it goes back in the cluster's history", StringComparison.Ordinal));
        Assert.Contains(Checks(first), check =>
            check.Cure?.Contains("restored from a backup: POST /api/c/resync?confirm=true", StringComparison.Ordinal) == true);
        Assert.Equal("host-1-2", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);

        var second = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Empty(second.Suspects);
        Assert.True(second.Corrected > Hosts, $"{second.Corrected} corrected");
        Assert.NotEmpty(second.Contradictions);
        await live.ConvergedAsync();
        Assert.Equal("host-1-1", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "came.example")).Status);
        await stage.ServedAsync("host-0.example", "host-0");

        // Events of the restored history are followed though their versions are lower than ones that were known; also by a start from the
        // journal.
        live.StartRelay();
        await live.ListedAsync();
        await MoveAsync(live, "host-1", 3);
        await live.HostAsync("came");
        await live.ConvergedAsync();
        await live.StopRelayAsync();
        await live.Function.DisposeAsync();
        live.OpenFunction();
        await live.ConvergedAsync();
        Assert.Equal("host-1-3", (await stage.GetAsync(stage.Proxies[1], "host-1.example")).Echo?.Pod);
        await stage.ServedAsync("came.example", "came");
        Assert.Equal(0, (await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken)).Corrected);
    }

    [Fact]
    public async Task A_relay_that_lives_through_a_restore_of_etcd_has_the_function_list()
    {
        var live = await StartedAsync();
        var restore = live.Api.Backup();
        for (var i = 0; i < Hosts; i++)
            await MoveAsync(live, $"host-{i}", 2);
        live.Api.Delete("ingresses", "shop", "host-0");
        await live.ConvergedAsync();
        await restore();

        await Stage.UntilAsync("the relay says that history went back", () =>
            stage.Log.Any(line => line.Contains("The history of endpointslices went back", StringComparison.Ordinal)));
        await Stage.UntilAsync("the function is asked to list", () =>
            live.Published.Count(one => one.GetProperty("type").GetString() == ClusterEvent.ListedType) > 1);
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken); // the timer's, which says the same
        await live.ConvergedAsync();
        await stage.ServedAsync("host-0.example", "host-0");
        await MoveAsync(live, "host-1", 3);
        await live.ConvergedAsync();
        Assert.Equal("host-1-3", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);
    }

    [Fact]
    public async Task A_cluster_made_anew_under_the_same_id_is_followed_at_once()
    {
        var live = await StartedAsync();
        await live.StopRelayAsync();
        var old = ClusterHistory.Of(live.Reconciler.Wanted.Cluster).UidOf(ResourceKind.Service);
        await live.Api.MakeAnewAsync();
        live.Api.ApplyKubernetesService();
        live.Apply(stage.Objects.Class());
        var pod = await stage.PodAsync("host-1-9");
        live.Apply(stage.Objects.Service("host-1"));
        live.Apply(stage.Objects.Slice("host-1", stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready")));
        live.Apply(stage.Objects.Ingress("host-1", ("host-1.example", "/", "host-1")));

        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Empty(report.Suspects);
        Assert.StartsWith(
            $"the cluster behind {stage.ClusterId} was made anew: Service default/kubernetes had uid {old} and has ",
            report.MadeAnew,
            StringComparison.Ordinal);
        Assert.Contains(stage.Log, line => line.Contains(report.MadeAnew!, StringComparison.Ordinal));
        Assert.Contains(Checks(report), check => check.Found == report.MadeAnew);
        await live.ConvergedAsync();
        Assert.Equal("host-1-9", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[1], "host-2.example")).Status);

        live.StartRelay();
        await live.ListedAsync();
        await live.HostAsync("host-2");
        await MoveAsync(live, "host-1", 10);
        await live.ConvergedAsync();
        await stage.ServedAsync("host-2.example", "host-2");
        Assert.Null((await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken)).MadeAnew);
    }

    [Theory]
    [InlineData(ClusterEvent.AppliedType)]
    [InlineData(ClusterEvent.DeletedType)]
    public async Task A_version_from_an_event_that_the_cluster_never_had_is_healed_by_the_next_list(string type)
    {
        var live = await StartedAsync();
        var slice = live.Api.Get("endpointslices", "shop", "host-1-1")!;
        slice["metadata"]!["resourceVersion"] = "99999999999999999999";
        await TellAsync(live, type, slice);
        await MoveAsync(live, "host-1", 2); // swallowed
        await live.HostAsync("mark");
        await live.HeldAsync("mark.example");
        Assert.NotEqual("host-1-2", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);

        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal((1, 0), (report.Corrected, report.Suspects.Length));
        Assert.StartsWith(
            "EndpointSlice shop/host-1-1 was known at version 99999999999999999999, which is newer than the fresh list; "
            + "there it has version ",
            Assert.Single(report.Contradictions),
            StringComparison.Ordinal);
        Assert.Contains(stage.Log, line => line.Contains($"{report.Contradictions[0]}: taken from the list", StringComparison.Ordinal));
        Assert.Contains(Checks(report), check => check.Found.Contains(report.Contradictions[0], StringComparison.Ordinal));
        await live.ConvergedAsync();
        Assert.Equal("host-1-2", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);
        await MoveAsync(live, "host-1", 3);
        await live.ConvergedAsync();
        Assert.Equal((0, 0), await CountAsync(live));
    }

    [Fact]
    public async Task An_object_that_is_read_for_an_event_heals_its_version_too()
    {
        var live = await StartedAsync();
        var slice = live.Api.Get("endpointslices", "shop", "host-1-1")!;
        slice["metadata"]!["resourceVersion"] = "99999999999999999999";
        await TellAsync(live, ClusterEvent.AppliedType, slice);
        await TellAsync(live, ClusterEvent.ReferencedType, slice);
        await MoveAsync(live, "host-1", 2);
        await live.ConvergedAsync();
        Assert.Equal("host-1-2", (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Echo?.Pod);
    }

    private Task TellAsync(LiveCluster live, string type, JsonObject one) =>
        live.Function.AcceptAsync(
            [JsonElement.Parse(ObjectEvents.Write(type, stage.ClusterId, ObjectTrimming.Trim(one)!, DateTimeOffset.UnixEpoch))]);

    private static async Task<(int Missed, int Corrected)> CountAsync(LiveCluster live)
    {
        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        return (report.Missed, report.Corrected);
    }

    private static Check[] Checks(ResyncReport report) => [.. EventChecks.Judge("c", report.At, report.At, report, isListed: true, [])];

    private async Task<LiveCluster> StartedAsync()
    {
        var live = await LiveCluster.StartAsync(stage);
        for (var i = 0; i < Hosts; i++)
            await live.HostAsync($"host-{i}");
        await live.ConvergedAsync();
        // After the one that the relay's start asked for.
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        return live;
    }

    /// <summary>Another pod takes the place of a host's.</summary>
    private async Task MoveAsync(LiveCluster live, string host, int number)
    {
        var pod = await stage.PodAsync($"{host}-{number}");
        live.Apply(stage.Objects.Slice(host, stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready")));
    }
}
