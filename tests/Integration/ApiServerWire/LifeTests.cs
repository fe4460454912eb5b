using System.Net;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class LifeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_restart_it_has_its_objects_but_no_history(bool tls)
    {
        await using var api = await StartAsync(new() { Tls = tls });
        var place = api.Server.Uri;
        var known = Version(api.Server.Apply(Ingress("shop", "a")));
        var list = await api.GetAsync($"{Ingresses}?limit=1");
        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={known}");
        api.Server.Faults.Next("list", "secrets", Fault.Hang);
        var hanging = api.AskAsync(HttpMethod.Get, ShopSecrets);
        await api.Server.Requests.WaitAsync(request => request.Plural == "secrets", 1, Cancel);

        await api.Server.StopAsync();
        await Record.ExceptionAsync(() => watch.NextAsync());
        await Record.ExceptionAsync(() => hanging);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => api.AskAsync(HttpMethod.Get, Ingresses));
        api.Server.Apply(Ingress("shop", "b"));

        await api.Server.StartAgainAsync();
        Assert.Equal(place, api.Server.Uri);
        Assert.Equal(2, (await api.GetAsync(Ingresses))["items"]!.AsArray().Count);
        using var old = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={known}");
        Assert.Equal(410, (int?)(await old.NextAsync())!["object"]!["code"]);
        Assert.Single((await api.GetAsync($"{Ingresses}?resourceVersion={Version(list)}&resourceVersionMatch=Exact"))["items"]!.AsArray());
        using var fresh = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={api.Server.Revision}");
        api.Server.Delete("ingresses", "shop", "a");
        Assert.Equal("DELETED a", await fresh.NextNameAsync());
    }

    [Fact]
    public async Task Requests_are_recorded()
    {
        await using var api = await StartAsync();
        await api.GetAsync(HttpStatusCode.NotFound, $"{ShopIngresses}/a?x=1");
        var request = Assert.Single(api.Server.Requests.All);
        Assert.Equal(("GET", $"{ShopIngresses}/a?x=1", "raw/1.0", 404), (request.Method, request.Target, request.UserAgent, request.StatusCode));
        Assert.Equal(("get", "ingresses", "shop", "a"), (request.Verb, request.Plural, request.Namespace, request.Name));
        await api.JsonAsync(HttpStatusCode.Created, HttpMethod.Post, ShopSecrets, Secret("s", "Opaque"));
        Assert.StartsWith("application/json", Assert.Single(api.Server.Requests.Of("create", "secrets")).ContentType, StringComparison.Ordinal);
        api.Server.Requests.Clear();
        Assert.Empty(api.Server.Requests.All);
    }

    [Fact]
    public async Task Kinds_that_are_not_served_are_said_to_be_so()
    {
        await using var api = await StartAsync();
        Assert.Throws<ArgumentException>(() => api.Server.Get("widgets", null, "w"));
        Assert.Throws<ArgumentException>(() => api.Server.Apply("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}"));
        api.Server.AddResource("example.com/v1", "Widget", "widgets", namespaced: true);
        Assert.Throws<ArgumentException>(() => api.Server.AddResource("example.com/v1", "Widget", "widgets", namespaced: true));
        var made = Assert.Single(api.Server.Apply("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}"));
        Assert.Equal("default", (string?)made["metadata"]!["namespace"]);
        Assert.Single(api.Server.GetAll("widgets.example.com"));
    }
}
