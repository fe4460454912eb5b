using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>A Deployment is rolled out twice under load, from the API server through relay and function to the proxies, and no request fails.</summary>
[Collection(nameof(Scenarios))]
public sealed class RollingUpdateTests : IAsyncLifetime
{
    private const int Pods = 10;

    private readonly Stage stage = new();
    private readonly ConcurrentDictionary<string, long> versionThatAdded = new();
    private readonly ConcurrentDictionary<(string Pod, string Proxy), long> seen = new();
    private int pods;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Two_rolling_updates_of_ten_pods_fail_no_request()
    {
        var live = await LiveCluster.StartAsync(stage, settings => settings with
        {
            Routing = settings.Routing with { Settings = settings.Routing.Settings with { ProxyProtocol = new() { Sources = [new("127.0.0.0/8", Required: true)] } } },
        });
        var edge = await stage.EdgeAsync();
        var running = new List<EchoPod>();
        for (var i = 0; i < Pods; i++)
            running.Add(await NewPodAsync());
        live.Apply(stage.Objects.Service("web"));
        Slice(live, running);
        live.Apply(stage.Objects.Ingress("web", ("web.example", "/", "web")));
        await live.ConvergedAsync();

        var web = new Target("web.example", "/");
        web.AnsweredBy("web");
        using var stop = new CancellationTokenSource();
        var watching = stage.Proxies.Select(proxy => Task.Run(() => WatchAsync(proxy, stop.Token))).ToArray();
        versionThatAdded.Clear();
        var watch = Stopwatch.StartNew();
        await using var load = new Load(edge, [web], keeping: 6, opening: 4);
        for (var turn = 0; turn < 2; turn++)
            await RollAsync(live, running);
        await load.DisposeAsync();
        watch.Stop();
        await Stage.UntilAsync("every addition was seen on both proxies", () => versionThatAdded.Keys.All(pod => stage.Proxies.All(proxy => seen.ContainsKey((pod, proxy.Address.Name)))));
        await stop.CancelAsync();
        await Task.WhenAll(watching);

        Assert.True(load.Failures.IsEmpty, $"{load.Failures.Count} of {load.Requests} requests failed:\n{string.Join('\n', load.Failures.Take(20))}");
        await live.ConvergedAsync();
        Say(live, load.Requests, watch.Elapsed);
    }

    private void Say(LiveCluster live, int requests, TimeSpan took)
    {
        double[] delays = [.. versionThatAdded
            .Select(one => stage.Proxies.Max(proxy => Stopwatch.GetElapsedTime(live.Api.WireTimes.WrittenAt(one.Value)!.Value, seen[(one.Key, proxy.Address.Name)]).TotalMilliseconds))
            .Order()];
        Stage.Say(string.Create(CultureInfo.InvariantCulture, $"""
            {requests} requests, {requests / took.TotalSeconds:0} a second, none failed, over 2 rolling updates of {Pods} pods.
            From the watch event to the server being ready on all proxies, {delays.Length} additions: p50 {delays[delays.Length / 2]:0.0} ms, p90 {delays[delays.Length * 9 / 10]:0.0} ms, p99 {delays[^1]:0.0} ms (the slowest)
            """));
    }

    /// <summary>As the Deployment's and the EndpointSlice's controllers do it: a new pod is ready, an old one terminates, serves on, and is gone.</summary>
    private async Task RollAsync(LiveCluster live, List<EchoPod> running)
    {
        var ending = new List<Task>();
        foreach (var old in running.ToArray())
        {
            running.Add(await NewPodAsync());
            versionThatAdded[running[^1].Name] = Slice(live, running);
            await Task.Delay(150, TestContext.Current.CancellationToken);
            running.Remove(old);
            Slice(live, running, old);
            ending.Add(EndAsync(live, running, old));
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        await Task.WhenAll(ending);
    }

    private async Task EndAsync(LiveCluster live, List<EchoPod> running, EchoPod old)
    {
        await Task.Delay(600, TestContext.Current.CancellationToken);
        await old.DisposeAsync();
        Slice(live, [.. running]);
    }

    private long Slice(LiveCluster live, IReadOnlyList<EchoPod> ready, EchoPod? terminating = null)
    {
        live.Apply(stage.Objects.Slice("web", stage.PodPort, ready.Select(pod => ($"{pod.Place.Address}", pod.Name, "ready"))
            .Concat(terminating is { } one ? [($"{one.Place.Address}", one.Name, "terminating")] : [])));
        return long.Parse(live.Api.Get("endpointslices", "shop", "web-1")!["metadata"]!["resourceVersion"]!.ToString(), CultureInfo.InvariantCulture);
    }

    /// <summary>Asks a proxy again and again which servers are ready.</summary>
    private async Task WatchAsync(IngressProxy proxy, CancellationToken cancel)
    {
        await using var connection = await proxy.ConnectAsync(cancel: cancel);
        while (!cancel.IsCancellationRequested)
        {
            var reply = (await connection.SendAsync([new RuntimeCommand("show servers state http:shop:web:80")], CancellationToken.None))[0].Text;
            var now = Stopwatch.GetTimestamp();
            foreach (var line in reply.Split('\n'))
            {
                // Column 4 is the name, 6 the operational state (2: up), 7 the administrative one (0: none).
                if (line.Split(' ') is [_, _, _, var name, _, "2", "0", ..])
                    seen.TryAdd((name.Split('_')[0], proxy.Address.Name), now);
            }

            await Task.Delay(2, CancellationToken.None);
        }
    }

    private async Task<EchoPod> NewPodAsync() => await stage.PodAsync($"web-{Interlocked.Increment(ref pods)}");
}
