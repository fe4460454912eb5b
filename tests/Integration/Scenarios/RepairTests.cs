using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Whatever dies, whenever, and whoever meddles: the next push ends in the same state.</summary>
[Collection(nameof(Scenarios))]
public sealed class RepairTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_cold_start_from_a_snapshot_and_the_journals_tail_ends_in_the_same_state()
    {
        var first = stage.Open(storage: options => options with { SnapshotLines = 10 });
        await first.AcceptAsync(await stage.HostAsync("first"));
        for (var i = 0; i < 35; i++)
            await first.AcceptAsync(Changes(i % 7, i % 4));
        var before = first.All[stage.ClusterId];
        var (wanted, version, position) = (before.Wanted, before.Version, before.Position);
        var snapshot = await stage.StorageOf().Snapshots.ReadNewestAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(snapshot);
        Assert.NotEqual(position, snapshot.Position);

        var second = stage.Open();
        await second.ResyncAsync(TestContext.Current.CancellationToken);
        var after = second.All[stage.ClusterId];
        Assert.Equal((version, position), (after.Version, after.Position));
        Assert.Equal(ModelHash.Of(wanted.Model).Text, ModelHash.Of(after.Wanted.Model).Text);
        Assert.Equal(wanted.Cluster.Resources.Count, after.Wanted.Cluster.Resources.Count);
        Assert.Equal(wanted.Cluster.Tombstones.Keys.ToHashSet(), after.Wanted.Cluster.Tombstones.Keys.ToHashSet());
        await stage.RunsAsync(wanted, version);
        await stage.ServedAsync("first.example", "first");
        Stage.Say($"snapshot at {snapshot.Position}, journal to {position}, version {version}");
    }

    [Fact]
    public async Task An_instance_killed_in_mid_push_is_made_good_by_the_next()
    {
        for (var round = 0; round < 2; round++)
        {
            var instance = await Instance.StartAsync(stage);
            await instance.SendAsync(await stage.HostAsync("first"));
            await stage.ServedAsync("first.example", "first");
            var events = Enumerable.Range(0, 150).SelectMany(i => Changes(i, 20 + round)).ToArray();
            var sending = instance.SendAsync(events);
            var caught = await CatchMidPushAsync(sending);
            await instance.KillAsync();
            await sending;
            var (before, after) = await NotesAsync();
            Stage.Say($"killed {(caught ? "in mid-push" : "after the push")}; notes are {before} and {after}");

            var next = await Instance.StartAsync(stage);
            await Stage.UntilAsync(async () => await next.SendAsync(events) is System.Net.HttpStatusCode.OK ? "" : "not taken");
            await stage.RunsAsync(await FreshAsync(), (await stage.VersionsAsync()).Head.Version);
            await stage.ServedAsync("first.example", "first");
            await next.KillAsync();
        }
    }

    [Fact]
    public async Task A_push_whose_session_is_cut_anywhere_is_made_good_by_the_next()
    {
        var network = stage.Keep(new Forwarder(stage.Proxies[1].Ports.Admin));
        var clusters = stage.Open(settings => settings with { Proxies = [settings.Proxies[0], settings.Proxies[1].At(network.Port)] });
        var reconciler = clusters.All[stage.ClusterId];
        await clusters.AcceptAsync(await stage.HostAsync("first"));
        for (var i = 0; i < 25; i++)
        {
            network.CutAfter(60 + (i * 211));
            await clusters.AcceptAsync(Enumerable.Range(0, 8).SelectMany(n => Changes(n, i % 5)));
            await stage.ServedAsync("first.example", "first");
            network.CutAfter(long.MaxValue);
            await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        }
    }

    [Fact]
    public async Task What_somebody_changed_by_hand_is_healed_by_a_resync_and_counted()
    {
        var clusters = stage.Open();
        var reconciler = clusters.All[stage.ClusterId];
        await clusters.AcceptAsync([.. await stage.HostAsync("first"), .. await stage.HostAsync("second")]);
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        Assert.All(reconciler.Proxies, proxy => Assert.Equal(0, proxy.Drift));

        var server = (await Stage.StateAsync(stage.Proxies[0])).Backends["http:shop:second:80"].Servers.Keys.Single();
        await Stage.TellAsync(
            stage.Proxies[0],
            "del map virt@routes ingress|first.example/",
            $"set server http:shop:second:80/{server} state maint",
            "add backend http:shop:extra:80 from http",
            "add server http:shop:extra:80/x_10.1.1.1_80 10.1.1.1:80",
            "set server http:shop:extra:80/x_10.1.1.1_80 state ready",
            "publish backend http:shop:extra:80",
            "add map virt@routes ingress|extra.example/ http:shop:extra:80");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "first.example")).Status);
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);

        await stage.ServedAsync("first.example", "first");
        await stage.ServedAsync("second.example", "second");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "extra.example")).Status);
        await Stage.UntilAsync(async () => (await Stage.StateAsync(stage.Proxies[0])).Backends.ContainsKey("http:shop:extra:80") ? "the extra backend stays" : "");
        Assert.Equal(["p1 drifted", "p2 "], reconciler.Proxies.Select(proxy => $"{proxy.Name} {(proxy.Drift > 0 ? "drifted" : "")}"));
        Stage.Say($"drift counted: {reconciler.Proxies.First().Drift} steps");

        // What merely was missed is no drift.
        var drift = reconciler.Proxies.First().Drift;
        await clusters.AcceptAsync(await stage.HostAsync("third"));
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        Assert.Equal(drift, reconciler.Proxies.First().Drift);
    }

    [Fact]
    public async Task A_proxy_that_was_killed_is_not_ready_until_it_has_everything_again()
    {
        var clusters = stage.Open();
        var reconciler = clusters.All[stage.ClusterId];
        await clusters.AcceptAsync([.. await stage.HostAsync("first"), .. Enumerable.Range(0, 100).SelectMany(n => Changes(n, 1))]);
        await stage.Proxies[0].KillAsync();
        await stage.Proxies[0].StartAsync();
        var (ready, notReady) = (false, 0);
        while (!ready)
        {
            var status = await stage.HealthAsync(stage.Proxies[0], "/readyz");
            if (ready = status == 200)
                break;
            notReady++;
            Assert.Equal(503, status);
        }

        // Ready means everything: not one look later.
        var state = await Stage.StateAsync(stage.Proxies[0]);
        Assert.True(HAProxyPlanner.Plan(reconciler.Wanted.Compiled(), reconciler.Version, state, PlanScope.All()).IsDone);
        await stage.ServedAsync("first.example", "first");
        Stage.Say($"503 {notReady} times, then ready with everything");
    }

    [Fact]
    public async Task A_pair_that_cannot_be_read_is_read_again_by_itself_and_holds_up_nothing_else()
    {
        var (certificate, key) = stage.Pki.IssueServer("first.example");
        var failures = 2;
        var reconciler = stage.Open((_, _, _) => Interlocked.Decrement(ref failures) >= 0
            ? throw new InvalidOperationException("a key cannot be read now")
            : ValueTask.FromResult(KeyPairText.Of(TestPki.Bundle(certificate, key))));
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("first"));
        Assert.All(reconciler.Proxies, proxy => Assert.True(proxy.Running));

        var ingress = stage.Objects.Ingress("tls", ("tls.example", "/", "first"));
        ingress["spec"]!["tls"] = System.Text.Json.Nodes.JsonNode.Parse("""[{"hosts":["tls.example"],"secretName":"pair"}]""");
        await Stage.AcceptAsync(reconciler, stage.Objects.Applied(stage.Objects.Secret("pair", new('1', 64))), stage.Objects.Applied(ingress));
        await stage.ServedAsync("tls.example", "first");
        await Stage.UntilAsync("both proxies run it", () => reconciler.Proxies.All(proxy => proxy is { Running: true, Trouble: null } && proxy.Position == $"{reconciler.Position}"));
        Assert.True(failures < 0);
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
    }

    private JsonElement[] Changes(int n, int turn)
    {
        var objects = stage.Objects;
        var (name, ingress) = ($"s{n}", objects.Ingress($"i{n}", ($"h{n}.example", "/", $"s{n}"), ($"h{n}.example", $"/turn-{turn}", $"s{n + turn}")));
        return
        [
            objects.Applied(objects.Service(name)),
            objects.Applied(objects.Slice(name, 8080, Enumerable.Range(0, 10).Select(i => ($"10.{turn}.{n}.{i}", $"{name}-{i}", i < turn ? "terminating" : "ready")))),
            turn == 3 ? objects.Deleted(ingress) : objects.Applied(ingress),
        ];
    }

    private async Task<bool> CatchMidPushAsync(Task sending)
    {
        await using var connection = await stage.Proxies[0].ConnectAsync(cancel: TestContext.Current.CancellationToken);
        while (!sending.IsCompleted)
        {
            var reply = (
                await connection.SendAsync([new($"show map {BootstrapNames.StateMap}")], TestContext.Current.CancellationToken))[0].Text;
            if (reply.Contains($"{ProxyNotes.Push} {ProxyNotes.Open}", StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private async Task<(string, string)> NotesAsync()
    {
        var states = await Task.WhenAll(stage.Proxies.Select(Stage.StateAsync));
        return (states[0].Notes.GetValueOrDefault(ProxyNotes.Push) ?? "none", states[1].Notes.GetValueOrDefault(ProxyNotes.Push) ?? "none");
    }

    private async Task<DesiredState> FreshAsync()
    {
        var tail = await stage.StorageOf().Journal.ReadAsync(JournalPosition.Start, TestContext.Current.CancellationToken);
        Assert.True(tail.AtEnd);
        return DesiredState.Of(
            ClusterState.Empty.Apply(tail.Lines.Select(line => JournalBatch.Parse(line.Bytes))), new() { AllowLoopbackEndpoints = true });
    }
}
