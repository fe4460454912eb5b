using System.Diagnostics;
using System.Text.Json;
using IngressReconciler.Composition;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Pods are replaced and routes are changed under load through the edge, and no request fails.</summary>
[Collection(nameof(Scenarios))]
public sealed class RollingUpdateTests : IAsyncLifetime
{
    private const int Pods = 10;
    private const int RouteChanges = 50;

    private readonly Stage stage = new();
    private int pods;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Two_rolling_updates_and_fifty_route_changes_under_load_fail_no_request()
    {
        var clusters = stage.Open(settings => settings with
        {
            Routing = settings.Routing with { Settings = settings.Routing.Settings with { ProxyProtocol = new() { Sources = [new("127.0.0.0/8", Required: true)] } } },
        });
        var edge = await stage.EdgeAsync();
        var rolling = new List<EchoPod>();
        for (var i = 0; i < Pods; i++)
            rolling.Add(await NewPodAsync());
        // No other route leads to three and four: their upstreams come and go with these routes.
        await clusters.AcceptAsync([.. await stage.HostAsync("one"), .. (await stage.HostAsync("three"))[1..3], .. (await stage.HostAsync("four"))[1..3], stage.Objects.Applied(stage.Objects.Service("web")), Slice(rolling), Web()]);

        // Each of these hosts comes, moves, is split and goes, again and again.
        var moving = Enumerable.Range(0, 5).Select(i => new Target($"moving-{i}.example", "/api")).ToArray();
        var beside = moving.Select(target => new Target(target.Host, "/api/more")).ToArray();
        var web = new Target("web.example", "/");
        web.AnsweredBy("web");
        var pids = stage.Proxies.Select(proxy => proxy.Pid).ToArray();
        var watch = Stopwatch.StartNew();
        await using var load = new Load(edge, [web, .. moving, web, .. beside], keeping: 6, opening: 4);

        var changes = 0;
        async Task RollAsync()
        {
            for (var i = 0; i < 2; i++)
                await RollOnceAsync(clusters, rolling);
            await ReplaceAsync(clusters, rolling);
        }

        async Task RerouteAsync()
        {
            for (var i = 0; changes < RouteChanges; i++)
                changes += await RerouteOnceAsync(clusters, moving[i % moving.Length], beside[i % moving.Length]);
        }

        await Task.WhenAll(RollAsync(), RerouteAsync());
        await load.DisposeAsync();
        watch.Stop();

        Assert.True(load.Failures.IsEmpty, $"{load.Failures.Count} of {load.Requests} requests failed:\n{string.Join('\n', load.Failures.Take(20))}");
        Assert.Equal(pids, stage.Proxies.Select(proxy => proxy.Pid));
        var reconciler = clusters.All[stage.ClusterId];
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        Stage.Say($"{load.Requests} requests, {load.Requests / watch.Elapsed.TotalSeconds:0} a second, none failed, over 2 rolling updates of {Pods} pods, one replacement of them all, and {changes} route changes; version {reconciler.Version}");
    }

    /// <summary>As a Deployment does it: a new pod is ready, then an old one terminates, and all of that takes its time.</summary>
    private async Task RollOnceAsync(Clusters clusters, List<EchoPod> rolling)
    {
        var ending = new List<Task>();
        foreach (var (i, old) in rolling.ToArray().Index())
        {
            // Sometimes one change of the slice tells of both pods.
            rolling.Add(await NewPodAsync());
            if (i % 2 == 0)
                await clusters.AcceptAsync([Slice(rolling)]);
            rolling.Remove(old);
            var terminating = clusters.AcceptAsync([Slice([.. rolling], old)]);
            ending.Add(EndAsync(old));
            await Task.Delay(150, TestContext.Current.CancellationToken);
            await terminating;
            await clusters.AcceptAsync([Slice(rolling)]);
        }

        await Task.WhenAll(ending);
    }

    /// <summary>Every pod is replaced with one change of the slice.</summary>
    private async Task ReplaceAsync(Clusters clusters, List<EchoPod> rolling)
    {
        var old = rolling.ToArray();
        rolling.Clear();
        for (var i = 0; i < Pods; i++)
            rolling.Add(await NewPodAsync());
        await clusters.AcceptAsync([Slice(rolling)]);
        await Task.WhenAll(old.Select(EndAsync));
    }

    private static async Task EndAsync(EchoPod pod)
    {
        await Task.Delay(400);
        await pod.DisposeAsync();
    }

    /// <summary>Six changes of one host's routes.</summary>
    private async Task<int> RerouteOnceAsync(Clusters clusters, Target target, Target beside)
    {
        var objects = stage.Objects;
        var name = target.Host.Split('.')[0];
        async Task ChangeAsync(params (string, string, string)[] paths)
        {
            await clusters.AcceptAsync([objects.Applied(objects.Ingress(name, paths))]);
            await SettledAsync(clusters);
            await Task.Delay(60, TestContext.Current.CancellationToken);
        }

        await ChangeAsync((target.Host, "/", "one"));
        target.AnsweredBy("one");
        beside.AnsweredBy("one");

        target.AnsweredBy("one", "three");
        beside.AnsweredBy("one", "three");
        await ChangeAsync((target.Host, "/", "three"));
        target.AnsweredBy("three");
        beside.AnsweredBy("three");

        // Split: the exact path leads elsewhere, what is below it does not.
        target.AnsweredBy("three", "four");
        await ChangeAsync((target.Host, "/", "three"), (target.Host, "=/api", "four"));
        target.AnsweredBy("four");

        // The exact path becomes a prefix, and takes with it what is below.
        beside.AnsweredBy("three", "four");
        await ChangeAsync((target.Host, "/", "three"), (target.Host, "/api", "four"));
        beside.AnsweredBy("four");

        // Together again: two upstreams go at once.
        target.AnsweredBy("four", "one");
        beside.AnsweredBy("four", "one");
        await ChangeAsync((target.Host, "/", "one"));
        target.AnsweredBy("one");
        beside.AnsweredBy("one");

        target.AnsweredBy();
        beside.AnsweredBy();
        await clusters.AcceptAsync([objects.Deleted(objects.Ingress(name))]);
        await SettledAsync(clusters);
        return 6;
    }

    private async Task SettledAsync(Clusters clusters)
    {
        var reconciler = clusters.All[stage.ClusterId];
        var version = reconciler.Version;
        await Stage.UntilAsync($"version {version} runs", () => reconciler.Proxies.All(proxy => proxy.Version >= version));
    }

    private async Task<EchoPod> NewPodAsync() => await stage.PodAsync($"web-{Interlocked.Increment(ref pods)}");

    private JsonElement Web() => stage.Objects.Applied(stage.Objects.Ingress("web", ("web.example", "/", "web")));

    private JsonElement Slice(IEnumerable<EchoPod> ready, EchoPod? terminating = null) => stage.Objects.Applied(stage.Objects.Slice(
        "web", stage.PodPort, ready.Select(pod => ($"{pod.Place.Address}", pod.Name, "ready")).Concat(terminating is { } one ? [($"{one.Place.Address}", one.Name, "terminating")] : [])));
}
