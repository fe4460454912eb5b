using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.Kubernetes;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>Whatever befalls the relay's lists and watches, the proxies serve in the end what a fresh list says, without a resync's help.</summary>
[Collection(nameof(Scenarios))]
public sealed class RelayFaultTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    /// <summary>What goes wrong, by name; some need to be put right again.</summary>
    private static readonly Dictionary<string, (Action<KubeApiServer> Begin, Action<KubeApiServer>? End)> Faults = new()
    {
        ["watches cut"] = (api => api.Watches.Cut(), null),
        ["watches cut in mid-line"] = (api => api.Watches.CutNextLine(), null),
        ["watches ended without a bookmark"] = (api => api.Watches.End(), null),
        ["watches that say nothing any more"] = (api => api.Watches.Silence(), null),
        ["watches too old"] = (api => api.Watches.Expire(), null),
        ["history gone while watches are cut"] = (
            api =>
            {
                api.Faults.Next("watch", "*", Fault.Reset, 20);
                api.Watches.Cut();
            },
            api => api.Compact()),
        ["an internal error in the watches"] = (api => api.Watches.Fail("*", ApiStatus.InternalError("etcdserver: leader changed")), null),
        ["watches refused with 429"] = (
            api =>
            {
                api.Faults.Next("watch", "*", Fault.TooManyRequests(1), 8);
                api.Watches.End();
            },
            null),
        ["lists cut in the middle"] = (
            api =>
            {
                api.Faults.Next("list", "*", Fault.CutAfter(300), 8);
                api.Watches.Expire();
            },
            null),
        ["lists that are no JSON"] = (
            api =>
            {
                api.Faults.Next("list", "*", Fault.Html(200), 4);
                api.Faults.Next("list", "*", Fault.Garbage("{\"kind\":\"IngressList\",\"items\":7}"), 4);
                api.Watches.Expire();
            },
            null),
        ["lists answered by a gateway"] = (
            api =>
            {
                api.Faults.Next("list", "*", Fault.Html(), 8);
                api.Watches.Expire();
            },
            null),
        ["slow watches"] = (
            api =>
            {
                api.Faults.Always("watch", "*", Fault.Slow(7, TimeSpan.FromMilliseconds(1)));
                api.Watches.End();
            },
            null),
        ["a token that is refused"] = (
            api =>
            {
                api.Faults.Always("*", "*", Fault.Answer(ApiStatus.Unauthorized()));
                api.Watches.Cut();
            },
            api => api.Faults.Clear()),
    };

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public async Task Proxies_serve_what_a_fresh_list_says(string fault)
    {
        var live = await LiveCluster.StartAsync(stage);
        foreach (var host in (string[])["first", "second", "third"])
            await live.HostAsync(host);
        await live.ConvergedAsync();

        var (begin, end) = Faults[fault];
        begin(live.Api);
        await live.HostAsync("fourth");
        live.Api.Delete("ingresses", "shop", "second");
        var pod = await stage.PodAsync("first-2");
        live.Apply(stage.Objects.Slice("first", stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready")));
        if (end is not null)
        {
            await Task.Delay(300, TestContext.Current.CancellationToken);
            end(live.Api);
        }

        await live.ConvergedAsync();
        await stage.ServedAsync("first.example", "first");
        await stage.ServedAsync("fourth.example", "fourth");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "second.example")).Status);
    }

    [Fact]
    public async Task One_kind_that_may_not_be_read_holds_up_no_other()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        live.Api.Access.Deny("*", "secrets");
        live.Api.Access.Deny("*", "services");
        live.Api.Watches.Cut("services");
        live.Api.Watches.Cut("secrets");
        await Stage.UntilAsync("services are missed", () => live.Relay.Watchers.Single(watcher => watcher.Query.Kind == "Service").Trouble?.Contains("services is forbidden", StringComparison.Ordinal) == true);
        var pod = await stage.PodAsync("first-2");
        live.Apply(stage.Objects.Slice("first", stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready")));
        live.Apply(stage.Objects.Ingress("second", ("second.example", "/", "first")));
        await Stage.UntilAsync(async () => (await stage.GetAsync(stage.Proxies[1], "second.example")).Echo?.Pod == "first-2" ? "" : "the new host is not served by the new pod");

        await live.HostAsync("third");
        live.Api.Access.AllowAll();
        await live.ConvergedAsync();
        await stage.ServedAsync("third.example", "third");
    }

    [Fact]
    public async Task The_api_server_is_gone_for_a_while_and_forgets_its_history()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        await live.Api.StopAsync();
        await live.HostAsync("second");
        live.Api.Delete("ingresses", "shop", "first");
        live.Api.Compact();
        await stage.ServedAsync("first.example", "first"); // nobody says that it is gone
        await live.Api.StartAgainAsync();
        await live.ConvergedAsync();
        await stage.ServedAsync("second.example", "second");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "first.example")).Status);
    }

    [Fact]
    public async Task A_watch_that_cannot_begin_is_told_of_once_and_one_too_old_is_no_failure()
    {
        var live = await LiveCluster.StartAsync(stage);

        live.Api.Faults.Next("watch", "ingresses", Fault.Answer(ApiStatus.InternalError("not yet")), 6);
        live.Api.Watches.Cut("ingresses");
        await Stage.UntilAsync("ingresses are watched again", () => Told("Watching ingresses again") > 0);
        Assert.Equal(1, Told("Watching ingresses again"));
        Assert.InRange(Told("Cannot watch ingresses"), 1, 2); // how it was cut, and what it is refused with

        live.Api.Watches.Expire("ingresses");
        await Stage.UntilAsync("ingresses are listed anew", () => Told("Listing ingresses anew") == 1);
        await live.HostAsync("first");
        await live.ConvergedAsync();
        Assert.InRange(Told("Cannot watch ingresses"), 1, 2);

        int Told(string what) => stage.Log.Count(line => line.Contains(what, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_deleted_while_no_relay_ran_goes_when_one_starts()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.HostAsync("second");
        await live.ConvergedAsync();

        await live.StopRelayAsync();
        live.Api.Delete("ingresses", "shop", "first");
        await live.HostAsync("third");
        live.StartRelay();
        await live.ConvergedAsync();
        await stage.ServedAsync("third.example", "third");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[1], "first.example")).Status);
    }

    [Theory]
    [InlineData("services", 0)]
    [InlineData("endpointslices", 0)]
    [InlineData("ingresses", 0)]
    [InlineData("ingresses", 2)]
    public async Task A_fresh_list_that_lacks_most_deletes_nothing(string plural, int left)
    {
        var live = await LiveCluster.StartAsync(stage);
        for (var i = 0; i < 12; i++)
            await live.HostAsync($"host-{i}");
        await live.ConvergedAsync();

        // The relay's list and the function's own.
        live.Api.Requests.Clear();
        live.Api.Faults.Next("list", plural, Fault.PartialList(left), 2);
        live.Api.Watches.Expire(plural);
        await Stage.UntilAsync("both have been told", () => live.Api.Requests.Of("list", plural).Count >= 2);
        await live.HostAsync("later");
        await live.ConvergedAsync();
        for (var i = 0; i < 12; i++)
            await stage.ServedAsync($"host-{i}.example", $"host-{i}");
        Assert.DoesNotContain(live.Published, one => one.GetProperty("type").GetString() == "ingressreconciler.object.deleted");
    }

    [Fact]
    public async Task A_slow_sink_gets_the_newest_state_of_each_object()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        var (taking, open) = (new TaskCompletionSource(), new TaskCompletionSource());
        live.BeforeTaking = () =>
        {
            taking.TrySetResult();
            return open.Task;
        };
        live.Apply(stage.Objects.Ingress("other", ("other.example", "/", "first")));
        await taking.Task;
        var before = live.Published.Count;
        var wanted = (await stage.PodAsync("first-99")).Place.Address.ToString();
        for (var i = 2; i < 100; i++)
            live.Apply(stage.Objects.Slice("first", stage.PodPort, (i == 99 ? wanted : string.Create(CultureInfo.InvariantCulture, $"10.9.0.{i}"), $"first-{i}", "ready")));
        var last = live.Api.Get("endpointslices", "shop", "first-1")!["metadata"]!["resourceVersion"]!.ToString();
        await live.Api.WireTimes.WrittenAsync(long.Parse(last, CultureInfo.InvariantCulture), TestContext.Current.CancellationToken);
        await Stage.UntilAsync("one event waits", () => live.Relay.Waiting == 1);

        open.SetResult();
        await live.ConvergedAsync();
        await stage.ServedAsync("first.example", "first");

        // What is newest may have come by a list of the function's own, too.
        await Stage.UntilAsync("the newest is published", () => Slices().LastOrDefault() == last);
        Assert.True(Slices().Length <= 3, $"{Slices().Length} events of one slice");

        string?[] Slices() =>
        [
            .. live.Published.Skip(before).Where(one => one.GetProperty("subject").GetString() == "EndpointSlice/shop/first-1")
                .Select(one => one.GetProperty("data").GetProperty("metadata").GetProperty("resourceVersion").GetString()),
        ];
    }

    [Fact]
    public async Task An_event_that_the_sink_will_never_take_holds_up_no_other()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();
        // After the one that the relay's start asked for.
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);

        var bad = 0;
        live.BeforeTaking = () => Task.CompletedTask;
        live.RefusesWhere = text => text.Contains("poison", StringComparison.Ordinal) && Interlocked.Increment(ref bad) > 0;
        live.Apply(stage.Objects.Ingress("poison", ("poison.example", "/", "first")));
        await live.HostAsync("second");
        await live.HeldAsync("second.example");
        await stage.ServedAsync("second.example", "second");
        Assert.True(bad > 0);
    }

    [Fact]
    public async Task A_change_that_nobody_reads_is_not_published()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        var before = live.Published.Count;
        for (var i = 0; i < 5; i++)
        {
            var service = live.Api.Get("services", "shop", "first")!;
            service["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = $"192.0.2.{i}" }) } };
            live.Api.Apply(service);
        }

        live.Apply(stage.Objects.Ingress("mark", ("mark.example", "/", "first")));
        await Stage.UntilAsync("the mark is published", () => live.Published.Skip(before).Any(one => one.GetProperty("subject").GetString() == "Ingress/shop/mark"));
        Assert.DoesNotContain(live.Published.Skip(before), one => one.GetProperty("subject").GetString() == "Service/shop/first");
    }

    [Fact]
    public async Task A_kind_whose_definition_comes_later_is_picked_up()
    {
        var live = await LiveCluster.StartAsync(stage, null, new ObjectQuery("HTTPRoute", "gateway.networking.k8s.io/v1", "httproutes"));
        Assert.True(live.Relay.Watchers[^1].IsAbsent);

        live.Api.AddResource("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", namespaced: true);
        live.Api.Apply("""
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: { name: late, namespace: shop }
            spec: { hostnames: [late.example] }
            """);
        await Stage.UntilAsync("the route is published", () => live.Published.Any(one => one.GetProperty("subject").GetString() == "HTTPRoute/shop/late"));
    }

    [Fact]
    public async Task An_object_too_large_for_an_event_is_read_by_the_function_itself()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        var large = stage.Objects.Ingress("large", ("large.example", "/", "first"));
        large["metadata"]!["annotations"] = new JsonObject
        {
            ["nginx.ingress.kubernetes.io/configuration-snippet"] = "#" + new string('x', 1_200_000),
        };
        live.Apply(large);
        await live.ConvergedAsync();
        await stage.ServedAsync("large.example", "first");
        await Stage.UntilAsync("its name is published", () => live.Published.Any(one =>
            one.GetProperty("type").GetString() == "ingressreconciler.object.referenced"
            && one.GetProperty("subject").GetString() == "Ingress/shop/large"));
    }
}
