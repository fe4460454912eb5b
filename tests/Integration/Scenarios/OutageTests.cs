using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.Storage;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>What is gone takes nothing else with it, and what was missed is made good.</summary>
[Collection(nameof(Scenarios))]
public sealed class OutageTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Storage_that_is_gone_for_a_while_stops_no_proxy_and_events_are_applied_when_sent_again()
    {
        var folder = Directory.CreateTempSubdirectory("ingress-reconciler-azurite-");
        var azurite = stage.Keep(await AzuriteProcess.StartAsync(folder.FullName));
        stage.StoragePort = azurite.Port;
        var instance = await Instance.StartAsync(stage);
        Assert.Equal(HttpStatusCode.OK, await instance.SendAsync(await stage.HostAsync("before")));
        await stage.ServedAsync("before.example", "before");
        var journalled = await LinesAsync();

        // A call is tried for 15 s before its sender is told.
        await azurite.StopAsync();
        var during = await stage.HostAsync("during");
        var answers = Task.WhenAll(during.Select(one => instance.SendAsync(one)));
        for (var i = 0; i < 20 || !answers.IsCompleted; i++, await Task.Delay(500, TestContext.Current.CancellationToken))
            await stage.ServedAsync("before.example", "before");
        Assert.All(await answers, answer => Assert.Equal(HttpStatusCode.InternalServerError, answer));
        await azurite.StartAgainAsync();

        foreach (var one in during.Concat(during))
            await Stage.UntilAsync(async () => await instance.SendAsync(one) is HttpStatusCode.OK ? "" : "no event is taken again");
        await stage.ServedAsync("before.example", "before");
        await stage.ServedAsync("during.example", "during");

        // And gone so shortly that nobody need send anything again.
        await azurite.StopAsync();
        var shortly = await stage.HostAsync("shortly");
        var answer = instance.SendAsync(shortly);
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await azurite.StartAgainAsync();
        Assert.Equal(HttpStatusCode.OK, await answer);
        await stage.ServedAsync("shortly.example", "shortly");

        // What was sent twice is written once.
        var written = (await LinesAsync())[journalled.Length..].SelectMany(batch => batch.Changes).Select(change => (change.Key, change.ResourceVersion)).ToArray();
        Assert.Equal(written.Distinct(), written);
        Assert.Equal(during.Length + shortly.Length, written.Length);
    }

    [Fact]
    public async Task Endpoints_go_to_the_proxies_while_storage_takes_its_time_and_nothing_else_does()
    {
        var slow = stage.Keep(new Forwarder(stage.StoragePort));
        var clusters = stage.Open(storage: _ => StorageOptions.Azurite(slow.Port));
        await clusters.AcceptAsync(await stage.HostAsync("web"));

        // Endpoints go ahead while the lease is kept: on a loaded machine the first tries may be too late for that.
        for (var attempt = 2; ; attempt++)
        {
            Assert.InRange(attempt, 2, 10);
            var pod = await stage.PodAsync($"web-{attempt}");
            var slice = stage.Objects.Slice("web", stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready"));
            await clusters.AcceptAsync([stage.Objects.Applied(stage.Objects.Service("beside"))]);
            var journalled = await LinesAsync();
            slow.Way = Way.Mute;
            var accepted = clusters.AcceptAsync([stage.Objects.Applied(slice)]);
            var isAhead = false;
            for (var i = 0; i < 20 && !isAhead; i++, await Task.Delay(100, TestContext.Current.CancellationToken))
                isAhead = (await Task.WhenAll(stage.Proxies.Select(IsServedByAsync))).All(one => one);
            if (!isAhead)
            {
                slow.Way = Way.Open;
                await accepted;
                continue;
            }

            Assert.False(accepted.IsCompleted);
            Assert.Equal(journalled.Length, (await LinesAsync()).Length);
            var later = clusters.AcceptAsync(await stage.HostAsync("later"));
            await Task.Delay(300, TestContext.Current.CancellationToken);
            Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "later.example")).Status);
            slow.Way = Way.Open;
            await Task.WhenAll(accepted, later);
            Assert.True(await IsServedByAsync(stage.Proxies[0]));
            var written = (await LinesAsync())[journalled.Length..].SelectMany(line => line.Changes);
            Assert.Contains("EndpointSlice shop/web-1", written.Select(change => $"{change.Key}"));
            await stage.ServedAsync("later.example", "later");
            return;

            async Task<bool> IsServedByAsync(IngressProxy proxy) => (await stage.GetAsync(proxy, "web.example")).Echo?.Pod == pod.Name;
        }
    }

    [Fact]
    public async Task A_proxy_that_cannot_be_reached_holds_up_nobody_and_has_everything_when_it_is_back()
    {
        await stage.Proxies[1].KillAsync();
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.HostAsync("first"));

        Assert.Equal(200, (await stage.GetAsync(stage.Proxies[0], "first.example")).Status);
        var gone = clusters.All[stage.ClusterId].Proxies.Single(one => one.Name == "p2");
        Assert.False(gone.Running);
        Assert.Contains("refuses connections", gone.Trouble, StringComparison.Ordinal);

        await clusters.AcceptAsync(await stage.HostAsync("second"));
        Assert.Equal(200, (await stage.GetAsync(stage.Proxies[0], "second.example")).Status);

        await stage.Proxies[1].StartAsync();
        await IsBackAsync(clusters);
    }

    [Fact]
    public async Task A_proxy_that_accepts_and_says_nothing_holds_up_nobody()
    {
        var network = stage.Keep(new Forwarder(stage.Proxies[1].Ports.Admin));
        var clusters = stage.Open(settings => settings with { Proxies = [settings.Proxies[0], settings.Proxies[1].At(network.Port)] });
        await clusters.AcceptAsync(await stage.HostAsync("first"));
        await stage.ServedAsync("first.example", "first");

        // In the middle of its session; then for new sessions, too.
        network.Way = Way.Mute;
        for (var i = 0; i < 5; i++)
        {
            var accepting = clusters.AcceptAsync(await stage.HostAsync($"mute-{i}"));
            await Stage.UntilAsync(async () => (await stage.GetAsync(stage.Proxies[0], $"mute-{i}.example")).Status == 200 ? "" : "the other proxy waits");
            if (i > 0)
                Assert.False(clusters.All[stage.ClusterId].Proxies.All(one => one.Running && one.Position == $"{clusters.All[stage.ClusterId].Position}"));
            await accepting;
        }

        await Stage.UntilAsync("its trouble is told", () => clusters.All[stage.ClusterId].Proxies.Single(one => one.Name == "p2").Trouble is not null);
        Stage.Say($"told: p2 {clusters.All[stage.ClusterId].Proxies.Single(one => one.Name == "p2").Trouble}");
        network.Way = Way.Open;
        await IsBackAsync(clusters);
    }

    [Fact]
    public async Task A_second_instance_is_not_held_up_by_a_proxy_that_is_mute_to_the_first()
    {
        var network = stage.Keep(new Forwarder(stage.Proxies[1].Ports.Admin));
        var first = stage.Open(settings => settings with { Proxies = [settings.Proxies[0], settings.Proxies[1].At(network.Port)] });
        var second = stage.Open();
        await first.AcceptAsync(await stage.HostAsync("first"));
        network.Way = Way.Mute;
        var accepting = first.AcceptAsync(await stage.HostAsync("second"));
        await Stage.UntilAsync(async () => (await stage.GetAsync(stage.Proxies[0], "second.example")).Status == 200 ? "" : "the first instance does not push");

        var other = second.AcceptAsync(await stage.HostAsync("third"));
        await Stage.UntilAsync(async () => (await stage.GetAsync(stage.Proxies[0], "third.example")).Status == 200 ? "" : "the second instance's event is not pushed");
        Assert.False(first.All[stage.ClusterId].Proxies.Single(one => one.Name == "p2").Running && accepting.IsCompleted && other.IsCompleted);
        network.Way = Way.Open;
        await Task.WhenAll(accepting, other);
        await IsBackAsync(second);
    }

    [Fact]
    public async Task A_client_certificate_that_proxies_do_not_take_is_named_in_the_status_and_events_are_kept()
    {
        var (certificate, key) = stage.Pki.IssueClient("somebody-else");
        var clusters = stage.Open(admin: stage.Admin with { Certificate = certificate, Key = key, Authority = stage.Pki.Authority });
        await clusters.AcceptAsync(await stage.HostAsync("first"));
        await Stage.UntilAsync("both proxies name the certificate", () => clusters.All[stage.ClusterId].Proxies.All(one => one.Trouble?.Contains("somebody-else", StringComparison.Ordinal) == true));
        Stage.Say($"told: {clusters.All[stage.ClusterId].Proxies.First().Trouble}");
        Assert.Equal(503, await stage.HealthAsync(stage.Proxies[0], "/readyz"));

        await IsBackAsync(stage.Open());
        await stage.ServedAsync("first.example", "first");
    }

    private async Task IsBackAsync(Clusters clusters)
    {
        var reconciler = clusters.All[stage.ClusterId];
        await Stage.UntilAsync("every proxy runs what is wanted", () => reconciler.Proxies.All(one => one is { Running: true, Trouble: null } && one.Position == $"{reconciler.Position}"));
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        Assert.Equal(200, await stage.HealthAsync(stage.Proxies[1], "/readyz"));
    }

    private async Task<JournalBatch[]> LinesAsync()
    {
        var tail = await stage.StorageOf().Journal.ReadAsync(JournalPosition.Start, TestContext.Current.CancellationToken);
        return [.. tail.Lines.Select(line => JournalBatch.Parse(line.Bytes))];
    }
}
