using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class WatchTests
{
    [Fact]
    public async Task Events_follow_the_list_and_carry_kind_and_version()
    {
        await using var api = await StartAsync();
        var list = await api.GetAsync(Ingresses);
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={Version(list)}");

        var made = api.Server.Apply(Ingress("shop", "a"));
        var changed = api.Server.Apply(Ingress("shop", "a", "b.example"));
        var gone = api.Server.Delete("ingresses", "shop", "a");

        foreach (var (type, expected) in new[] { ("ADDED", made), ("MODIFIED", changed), ("DELETED", gone) })
        {
            var happened = (await watch.NextAsync())!;
            Assert.Equal(["type", "object"], happened.Select(member => member.Key));
            Assert.Equal(type, (string?)happened["type"]);
            ListTests.JsonEqual(expected.ToJsonString(), happened["object"]!);
        }
        Assert.Equal("Ingress", (string?)gone["kind"]);
        Assert.Equal(long.Parse(Version(changed), null) + 1, long.Parse(Version(gone), null));
        Assert.Equal("b.example", (string?)gone["spec"]!["rules"]![0]!["host"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("&resourceVersion=0")]
    public async Task Without_a_version_what_there_is_comes_first(string query)
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "b"));
        api.Server.Apply(Ingress("shop", "a"));
        using var watch = await api.WatchAsync($"{Ingresses}?watch=true{query}");
        api.Server.Apply(Ingress("shop", "c"));
        Assert.Equal(["ADDED a", "ADDED b", "ADDED c"], [await watch.NextNameAsync(), await watch.NextNameAsync(), await watch.NextNameAsync()]);
    }

    [Fact]
    public async Task A_version_within_the_window_is_caught_up()
    {
        await using var api = await StartAsync(new() { Tls = false, HistoryWindow = 2 });
        var known = Version(api.Server.Apply(Ingress("shop", "a")));
        api.Server.Apply(Ingress("shop", "a", "b.example"));
        api.Server.Delete("ingresses", "shop", "a");
        using (var watch = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={known}"))
            Assert.Equal(["MODIFIED a", "DELETED a"], [await watch.NextNameAsync(), await watch.NextNameAsync()]);

        api.Server.Apply(Ingress("shop", "b"));
        using var late = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={known}");
        Assert.Equal($"too old resource version: {known} ({long.Parse(known, null) + 1})", (string?)(await late.NextAsync())!["object"]!["message"]);
    }

    [Fact]
    public async Task A_version_that_is_too_old_is_an_error_event_in_an_answer_that_is_ok()
    {
        await using var api = await StartAsync();
        var known = Version(api.Server.Apply(Ingress("shop", "a")));
        api.Server.Apply(Ingress("shop", "b"));
        api.Server.Compact();
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={known}");
        ListTests.JsonEqual(
            $$"""
            {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
             "message":"too old resource version: {{known}} ({{api.Server.Revision}})","reason":"Expired","code":410} }
            """,
            (await watch.NextAsync())!);
        Assert.Null(await watch.NextAsync());
    }

    [Fact]
    public async Task A_version_that_is_yet_to_come_is_waited_for_unless_a_list_is_wanted_too()
    {
        await using var api = await StartAsync();
        var future = api.Server.Revision + 1;
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={future}");
        api.Server.Apply(Ingress("shop", "a"));
        api.Server.Apply(Ingress("shop", "b"));
        Assert.Equal("ADDED b", await watch.NextNameAsync());

        using var refused = await api.WatchAsync(
            $"{Ingresses}?watch=1&resourceVersion=5000&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        var error = (await refused.NextAsync())!["object"]!;
        Assert.Equal((504, "Timeout"), ((int)error["code"]!, (string?)error["reason"]));
        Assert.Equal($"Timeout: Too large resource version: 5000, current: {api.Server.Revision}", (string?)error["message"]);
    }

    [Fact]
    public async Task Selectors_turn_changes_into_additions_and_deletions()
    {
        await using var api = await StartAsync();
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&labelSelector=app%3Dweb");
        api.Server.Apply(Ingress("shop", "a"));
        api.Server.Apply(Ingress("shop", "a", labels: """{"app":"web"}"""));
        api.Server.Apply(Ingress("shop", "a", "b.example", """{"app":"web"}"""));
        var left = api.Server.Apply(Ingress("shop", "a"));
        api.Server.Delete("ingresses", "shop", "a");
        api.Server.Apply(Ingress("shop", "b", labels: """{"app":"web"}"""));

        Assert.Equal(["ADDED a", "MODIFIED a"], [await watch.NextNameAsync(), await watch.NextNameAsync()]);
        var deleted = (await watch.NextAsync())!;
        Assert.Equal("DELETED", (string?)deleted["type"]);
        Assert.Equal("web", (string?)deleted["object"]!["metadata"]!["labels"]!["app"]);
        Assert.Equal(Version(left), Version(deleted["object"]!));
        Assert.Equal("ADDED b", await watch.NextNameAsync());
    }

    [Fact]
    public async Task Bookmarks_come_in_intervals_and_before_the_timeout()
    {
        var clock = new FakeTimeProvider();
        await using var api = await StartAsync(new() { Tls = false, BookmarkInterval = TimeSpan.FromSeconds(60), Clock = clock });
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion={api.Server.Revision}");
        await api.Server.Watches.WaitAsync("ingresses", 1, Cancel);
        api.Server.Apply(Secret("elsewhere", "Opaque"));
        var first = api.Server.Revision;
        clock.Advance(TimeSpan.FromSeconds(60));
        ListTests.JsonEqual(
            $$"""
            {"type":"BOOKMARK","object":{"kind":"Ingress","apiVersion":"networking.k8s.io/v1",
             "metadata":{"resourceVersion":"{{first}}","creationTimestamp":null},"spec":{},"status":{"loadBalancer":{} } } }
            """,
            (await watch.NextAsync())!);

        api.Server.Apply(Secret("elsewhere", "kubernetes.io/tls"));
        clock.Advance(TimeSpan.FromSeconds(30));
        var last = (await watch.NextAsync())!;
        Assert.Equal(("BOOKMARK", $"{first + 1}"), ((string?)last["type"], Version(last["object"]!)));
        Assert.Null(await watch.NextAsync());
        await api.Server.Watches.WaitForNoneAsync("ingresses", Cancel);
    }

    [Fact]
    public async Task Initial_events_end_with_an_annotated_bookmark()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        Assert.Equal("ADDED a", await watch.NextNameAsync());
        var end = (await watch.NextAsync())!;
        Assert.Equal("BOOKMARK", (string?)end["type"]);
        Assert.Equal("true", (string?)end["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        Assert.Equal($"{api.Server.Revision}", Version(end["object"]!));
        api.Server.Apply(Ingress("shop", "b"));
        Assert.Equal("ADDED b", await watch.NextNameAsync());

        var refused = await api.GetAsync(HttpStatusCode.UnprocessableEntity, $"{Ingresses}?watch=1&sendInitialEvents=true");
        Assert.Equal(
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            (string?)refused["message"]);
    }

    [Fact]
    public async Task The_moment_of_an_event_is_known()
    {
        await using var api = await StartAsync();
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1");
        var before = Stopwatch.GetTimestamp();
        var version = long.Parse(Version(api.Server.Apply(Ingress("shop", "a"))), null);
        var written = await api.Server.WireTimes.WrittenAsync(version, Cancel);
        await watch.NextAsync();
        Assert.InRange(written, before, Stopwatch.GetTimestamp());
        Assert.Equal(written, api.Server.WireTimes.WrittenAt(version));
        Assert.Null(api.Server.WireTimes.WrittenAt(version + 1));
    }

    [Fact]
    public async Task A_pod_with_a_grace_period_is_marked_before_it_goes()
    {
        await using var api = await StartAsync();
        api.Server.Apply(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = "web" },
            ["spec"] = new JsonObject { ["nodeName"] = "n1", ["terminationGracePeriodSeconds"] = 20, ["containers"] = new JsonArray() },
        });
        using var watch = await api.WatchAsync($"/api/v1/pods?watch=1&resourceVersion={api.Server.Revision}");
        var marked = await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Delete, "/api/v1/namespaces/shop/pods/web");
        Assert.Equal(20, (int?)marked["metadata"]!["deletionGracePeriodSeconds"]);
        Assert.NotNull(marked["metadata"]!["deletionTimestamp"]);
        Assert.Equal("MODIFIED web", await watch.NextNameAsync());
        var now = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["gracePeriodSeconds"] = 0 };
        await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Delete, "/api/v1/namespaces/shop/pods/web", now);
        Assert.Equal("DELETED web", await watch.NextNameAsync());
        Assert.Null(api.Server.Get("pods", "shop", "web"));
    }
}
