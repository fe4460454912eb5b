using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>What is counted is what happened, once.</summary>
[Collection(nameof(Scenarios))]
public sealed class MetricsTelemetryTests : IAsyncLifetime
{
    private readonly Stage stage = new();
    private readonly Measurements measured;
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-manifests-").FullName;

    public MetricsTelemetryTests() => measured = new(stage.ClusterId);

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await stage.DisposeAsync();
        measured.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Each_change_is_timed_once_for_each_proxy()
    {
        var clusters = stage.Open();
        var host = await stage.HostAsync("first");
        await clusters.AcceptAsync(host);
        await CountsAsync("event_to_serving.duration", 4, 4);

        // What is said twice happened once.
        await clusters.AcceptAsync(host);
        var before = DateTimeOffset.UtcNow - TimeSpan.FromHours(1);
        await clusters.AcceptAsync([At(before, stage.Objects.Service("second"))]);
        await CountsAsync("event_to_serving.duration", 5, 5);
        Assert.All((string[])["p1", "p2"], proxy => Assert.True(measured.Of("event_to_serving.duration", ("proxy", proxy))[^1] >= 3600));

        // A clock that is ahead of ours.
        await clusters.AcceptAsync([At(DateTimeOffset.UtcNow + TimeSpan.FromHours(1), stage.Objects.Service("third"))]);
        await CountsAsync("event_to_serving.duration", 6, 6);
        Assert.All((string[])["p1", "p2"], proxy => Assert.Equal(0, measured.Of("event_to_serving.duration", ("proxy", proxy))[^1]));

        Assert.Equal(1, measured.Of("versions.sealed").Sum());
        Assert.NotEmpty(measured.Of("round.duration"));
        Assert.Equal([0d], measured.Now("journal.lag"));
        Assert.Equal([0d, 0d], measured.Now("proxy.lag"));
    }

    [Fact]
    public async Task A_proxy_that_is_killed_is_a_failure_and_runs_no_more()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.HostAsync("first"));
        await Stage.UntilAsync("both run", () => measured.Now("proxies.running") is [2d]);
        Assert.Empty(measured.Of("push.failures"));

        await stage.Proxies[0].KillAsync();
        await Stage.UntilAsync("the failure is counted", () => measured.Of("push.failures").Length > 0);
        await clusters.AcceptAsync(await stage.HostAsync("second"));
        Assert.Equal([1d], measured.Of("push.failures", ("proxy", "p1"), ("error.type", "unavailable")));
        Assert.Empty(measured.Of("push.failures", ("proxy", "p2")));
        Assert.Equal([2d], measured.Now("proxies.known"));
        Assert.Equal([1d], measured.Now("proxies.running"));

        // What it missed is served when it is back, and timed then.
        await CountsAsync("event_to_serving.duration", 4, 8);
        await stage.Proxies[0].StartAsync();
        await CountsAsync("event_to_serving.duration", 8, 8);
        await Stage.UntilAsync("both run", () => measured.Now("proxies.running") is [2d]);
    }

    [Fact]
    public async Task What_a_resync_finds_and_what_it_does_not_believe_is_counted()
    {
        await WriteAsync("class", stage.Objects.Class());
        await WriteAsync("services", [.. Enumerable.Range(0, 20).Select(i => stage.Objects.Service($"s{i}"))]);
        var clusters = stage.Open(settings => settings with { Manifests = folder });
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, measured.Of("resync.missed").Sum());

        await WriteAsync("missed", stage.Objects.Ingress("lonely", ("lonely.example", "/", "nowhere")));
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, measured.Of("resync.missed").Sum());
        Assert.Empty(measured.Of("resync.held_back"));
        Assert.Equal(clusters.All[stage.ClusterId].Findings.Count(), measured.Now("findings").Sum());
        Assert.NotEmpty(measured.Now("findings", ("severity", "Error")));

        File.Delete(Path.Combine(folder, "services.yaml"));
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        Assert.Equal([1d], measured.Of("resync.held_back", ("kind", "Service")));
        Assert.Equal(1, measured.Of("resync.missed").Sum());
    }

    [Fact]
    public async Task What_was_changed_behind_our_back_is_counted_by_proxy()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.HostAsync("first"));
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        Assert.Empty(measured.Of("drift.steps"));

        await Stage.TellAsync(stage.Proxies[1], "del map virt@routes ingress|first.example/");
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);

        Assert.Empty(measured.Of("drift.steps", ("proxy", "p1")));
        Assert.Equal([1d], measured.Of("drift.steps", ("proxy", "p2")));
    }

    private JsonElement At(DateTimeOffset time, JsonObject one) => JsonElement.Parse(ObjectEvents.Write(ClusterEvent.AppliedType, stage.ClusterId, one, time));

    private Task CountsAsync(string name, int p1, int p2) => Stage.UntilAsync(() => Task.FromResult(
        (measured.Of(name, ("proxy", "p1")).Length, measured.Of(name, ("proxy", "p2")).Length) is var counts && counts == (p1, p2) ? "" : $"{name}: {counts}, not {(p1, p2)}"));

    private Task WriteAsync(string name, params IEnumerable<JsonObject> objects) =>
        File.WriteAllTextAsync(Path.Combine(folder, name + ".yaml"), string.Join("\n---\n", objects.Select(one => one.ToJsonString())), TestContext.Current.CancellationToken);
}
