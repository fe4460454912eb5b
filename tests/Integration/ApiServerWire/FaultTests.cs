using System.Net;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class FaultTests
{
    [Fact]
    public async Task Faults_are_counted_and_meet_only_what_they_name()
    {
        await using var api = await StartAsync();
        api.Server.Faults.Next("list", "ingresses", Fault.Answer(ApiStatus.ServiceUnavailable("etcdserver: leader changed")), times: 2);
        api.Server.Faults.Next("*", "*", Fault.Answer(ApiStatus.InternalError("boom")));
        var unavailable = await api.GetAsync(HttpStatusCode.ServiceUnavailable, Ingresses);
        Assert.Equal("etcdserver: leader changed", (string?)unavailable["message"]);
        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Internal error occurred: boom","reason":"InternalError",
             "details":{"causes":[{"message":"boom"}]},"code":500}
            """,
            await api.GetAsync(HttpStatusCode.InternalServerError, ShopSecrets));
        await api.GetAsync(HttpStatusCode.ServiceUnavailable, Ingresses);
        await api.GetAsync(Ingresses);

        api.Server.Faults.Always("get", "*", Fault.Html());
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.BadGateway, (await api.AskAsync(HttpMethod.Get, $"{ShopIngresses}/a")).StatusCode);
        api.Server.Faults.Clear();
        await api.GetAsync(HttpStatusCode.NotFound, $"{ShopIngresses}/a");
    }

    [Fact]
    public async Task Too_many_requests_is_text_from_the_front_and_a_status_from_the_cache()
    {
        await using var api = await StartAsync();
        api.Server.Faults.Next("list", "*", Fault.TooManyRequests(retryAfterSeconds: 1));
        using (var busy = await api.AskAsync(HttpMethod.Get, Ingresses))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, busy.StatusCode);
            Assert.Equal("1", busy.Headers.RetryAfter!.ToString());
            Assert.Equal("text/plain; charset=utf-8", busy.Content.Headers.ContentType!.ToString());
            Assert.Equal("Too many requests, please try again later.\n", await busy.Content.ReadAsStringAsync(Cancel));
        }
        api.Server.Faults.Next("watch", "*", Fault.Answer(ApiStatus.Initializing(2)));
        using var starting = await api.AskAsync(HttpMethod.Get, $"{Ingresses}?watch=1");
        Assert.Equal("2", starting.Headers.RetryAfter!.ToString());
        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"storage is (re)initializing","reason":"TooManyRequests",
             "details":{"retryAfterSeconds":2},"code":429}
            """,
            JsonNode.Parse(await starting.Content.ReadAsStringAsync(Cancel))!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connections_break_before_and_within_an_answer(bool tls)
    {
        await using var api = await StartAsync(new() { Tls = tls });
        api.Server.Apply(Ingress("shop", "a"));
        api.Server.Faults.Next("list", "ingresses", Fault.Reset);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => api.AskAsync(HttpMethod.Get, Ingresses));

        api.Server.Faults.Next("list", "ingresses", Fault.CutAfter(40));
        using var cut = await api.AskAsync(HttpMethod.Get, Ingresses);
        Assert.Equal(HttpStatusCode.OK, cut.StatusCode);
        var failure = await Record.ExceptionAsync(() => cut.Content.ReadAsStringAsync(Cancel));
        Assert.True(failure is HttpRequestException or IOException, $"{failure}");
    }

    [Fact]
    public async Task A_watch_is_cut_within_a_line()
    {
        await using var api = await StartAsync();
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1");
        await api.Server.Watches.WaitAsync("ingresses", 1, Cancel);
        api.Server.Watches.CutNextLine();
        var version = long.Parse(Version(api.Server.Apply(Ingress("shop", "a"))), null);
        await Assert.ThrowsAnyAsync<IOException>(() => watch.NextAsync());
        Assert.Null(api.Server.WireTimes.WrittenAt(version));

        api.Server.Faults.Next("watch", "*", Fault.CutAfter(20));
        using var another = await api.WatchAsync($"{Ingresses}?watch=1");
        await Assert.ThrowsAnyAsync<IOException>(() => another.NextAsync());
    }

    [Fact]
    public async Task A_request_hangs_until_it_is_released()
    {
        await using var api = await StartAsync();
        api.Server.Faults.Next("list", "ingresses", Fault.Hang);
        var list = api.GetAsync(Ingresses);
        await api.Server.Requests.WaitAsync(request => request.Verb == "list", 1, Cancel);
        Assert.Null(api.Server.Requests.All[0].StatusCode);
        await api.GetAsync(Ingresses);
        Assert.False(list.IsCompleted);
        api.Server.Faults.Release();
        await list;
    }

    [Fact]
    public async Task A_slow_answer_is_whole_in_the_end()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        api.Server.Faults.Next("list", "*", Fault.Slow(100, TimeSpan.FromMilliseconds(1)));
        Assert.Single((await api.GetAsync(Ingresses))["items"]!.AsArray());
        api.Server.Faults.Next("watch", "*", Fault.Slow(100, TimeSpan.FromMilliseconds(1)));
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1");
        Assert.Equal("ADDED a", await watch.NextNameAsync());
    }

    [Fact]
    public async Task A_list_can_lie()
    {
        await using var api = await StartAsync();
        foreach (var name in new[] { "a", "b", "c" })
            api.Server.Apply(Ingress("shop", name));
        api.Server.Faults.Next("list", "ingresses", Fault.EmptyList);
        api.Server.Faults.Next("list", "ingresses", Fault.PartialList(2));
        var empty = await api.GetAsync(Ingresses);
        Assert.Equal("[]", empty["items"]!.ToJsonString());
        Assert.Equal($"{api.Server.Revision}", Version(empty));
        var partial = await api.GetAsync(Ingresses);
        Assert.Equal(2, partial["items"]!.AsArray().Count);
        Assert.Null(partial["metadata"]!["continue"]);
        api.Server.Faults.Next("list", "ingresses", Fault.Html(200));
        using var html = await api.AskAsync(HttpMethod.Get, Ingresses);
        Assert.Equal((HttpStatusCode.OK, "text/html"), (html.StatusCode, html.Content.Headers.ContentType!.MediaType));
        api.Server.Faults.Next("list", "ingresses", Fault.Garbage("{\"kind\":"));
        Assert.Equal("{\"kind\":", await (await api.AskAsync(HttpMethod.Get, Ingresses)).Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Watches_end_cleanly_fail_or_fall_silent()
    {
        await using var api = await StartAsync();
        using var ended = await api.WatchAsync($"{Ingresses}?watch=1&allowWatchBookmarks=true");
        await api.Server.Watches.WaitAsync("ingresses", 1, Cancel);
        api.Server.Watches.End("ingresses");
        Assert.Null(await ended.NextAsync());
        await api.Server.Watches.WaitForNoneAsync("ingresses", Cancel);

        using var expired = await api.WatchAsync($"{Ingresses}?watch=1");
        await api.Server.Watches.WaitAsync("ingresses", 1, Cancel);
        api.Server.Watches.Expire();
        Assert.Equal("The resourceVersion for the provided watch is too old.", (string?)(await expired.NextAsync())!["object"]!["message"]);
        Assert.Null(await expired.NextAsync());
        await api.Server.Watches.WaitForNoneAsync("*", Cancel);

        using var silent = await api.WatchAsync($"{Ingresses}?watch=1");
        await api.Server.Watches.WaitAsync("ingresses", 1, Cancel);
        api.Server.Watches.Silence();
        api.Server.Apply(Ingress("shop", "a"));
        using var healthy = await api.WatchAsync($"{Ingresses}?watch=1");
        Assert.Equal("ADDED a", await healthy.NextNameAsync());
        await api.Server.Watches.WaitAsync("ingresses", 2, Cancel);
        Assert.Equal((2, 0), (api.Server.Watches.Count("ingresses"), api.Server.Watches.Count("services")));
        api.Server.Watches.Cut();
        await Assert.ThrowsAnyAsync<IOException>(() => silent.NextAsync());
    }
}
