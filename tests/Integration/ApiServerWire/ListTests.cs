using System.Net;
using System.Text.Json.Nodes;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class ListTests
{
    [Fact]
    public async Task A_list_of_a_built_in_kind_has_items_without_kind_in_the_order_of_etcd_keys()
    {
        await using var api = await StartAsync();
        foreach (var (ns, name) in new[] { ("a", "x"), ("a-b", "y"), ("a", "b"), ("shop", "x") })
            api.Server.Apply(Ingress(ns, name));

        var list = await api.GetAsync(Ingresses);
        Assert.Equal("IngressList", (string?)list["kind"]);
        Assert.Equal("networking.k8s.io/v1", (string?)list["apiVersion"]);
        Assert.Equal($$"""{"resourceVersion":"{{api.Server.Revision}}"}""", list["metadata"]!.ToJsonString());
        Assert.All(list["items"]!.AsArray(), item => Assert.Equal(["metadata", "spec", "status"], item!.AsObject().Select(member => member.Key)));
        Assert.Equal(["a-b/y", "a/b", "a/x", "shop/x"], Names(list));
        Assert.Equal(["shop/x"], Names(await api.GetAsync(ShopIngresses)));
        Assert.Equal("[]", (await api.GetAsync("/api/v1/pods"))["items"]!.ToJsonString());
    }

    [Fact]
    public async Task A_custom_kind_is_unknown_until_it_is_installed_and_its_items_carry_kind()
    {
        const string Path = "/apis/gateway.networking.k8s.io/v1/gatewayclasses";
        await using var api = await StartAsync();
        using (var unknown = await api.AskAsync(HttpMethod.Get, Path))
        {
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
            Assert.Equal("text/plain; charset=utf-8", unknown.Content.Headers.ContentType!.ToString());
            Assert.Equal("404 page not found\n", await unknown.Content.ReadAsStringAsync(Cancel));
        }

        api.Server.AddResource("gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses", namespaced: false);
        api.Server.Apply("""
            apiVersion: gateway.networking.k8s.io/v1
            kind: GatewayClass
            metadata: {name: ours}
            spec: {controllerName: ingressreconciler.dev/gateway-controller}
            """);
        var item = (await api.GetAsync(Path))["items"]![0]!;
        Assert.Equal(("GatewayClass", "gateway.networking.k8s.io/v1"), ((string?)item["kind"], (string?)item["apiVersion"]));
    }

    [Fact]
    public async Task Pages_are_of_one_snapshot()
    {
        await using var api = await StartAsync();
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            api.Server.Apply(Ingress("shop", name));

        var first = await api.GetAsync($"{Ingresses}?limit=2");
        Assert.Equal(3, (int?)first["metadata"]!["remainingItemCount"]);
        api.Server.Delete("ingresses", "shop", "d");
        api.Server.Apply(Ingress("shop", "ca"));
        var second = await api.GetAsync($"{Ingresses}?limit=2&continue={first["metadata"]!["continue"]}");
        var third = await api.GetAsync($"{Ingresses}?limit=2&continue={second["metadata"]!["continue"]}");

        Assert.Equal(["shop/a", "shop/b", "shop/c", "shop/d", "shop/e"], [.. Names(first), .. Names(second), .. Names(third)]);
        Assert.Equal(Version(first), Version(third));
        Assert.Null(third["metadata"]!["continue"]);
        Assert.Null(third["metadata"]!["remainingItemCount"]);
        Assert.Null((await api.GetAsync($"{Ingresses}?limit=2&labelSelector=!x"))["metadata"]!["remainingItemCount"]);
        Assert.Equal(5, Names(await api.GetAsync($"{Ingresses}?limit=2&resourceVersion=0")).Count);
    }

    [Fact]
    public async Task A_compacted_continue_is_410_with_a_token_to_go_on_inconsistently()
    {
        await using var api = await StartAsync();
        foreach (var name in new[] { "a", "b", "c" })
            api.Server.Apply(Ingress("shop", name));
        var first = await api.GetAsync($"{Ingresses}?limit=1");
        api.Server.Apply(Ingress("shop", "d"));
        api.Server.Compact();

        var gone = await api.GetAsync(HttpStatusCode.Gone, $"{Ingresses}?limit=1&continue={first["metadata"]!["continue"]}");
        Assert.Equal("Expired", (string?)gone["reason"]);
        Assert.Equal(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use "
            + "the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent "
            + "list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
            (string?)gone["message"]);
        var rest = await api.GetAsync($"{Ingresses}?continue={gone["metadata"]!["continue"]}");
        Assert.Equal(["shop/b", "shop/c", "shop/d"], Names(rest));
    }

    [Fact]
    public async Task Resource_versions_are_exact_not_older_than_too_old_or_too_large()
    {
        await using var api = await StartAsync();
        var one = Version(api.Server.Apply(Ingress("shop", "a")));
        api.Server.Apply(Ingress("shop", "b"));

        Assert.Equal(["shop/a"], Names(await api.GetAsync($"{Ingresses}?resourceVersion={one}&resourceVersionMatch=Exact")));
        Assert.Equal(["shop/a"], Names(await api.GetAsync($"{Ingresses}?resourceVersion={one}&limit=5")));
        Assert.Equal(["shop/a", "shop/b"], Names(await api.GetAsync($"{Ingresses}?resourceVersion={one}&resourceVersionMatch=NotOlderThan&limit=5")));
        Assert.Equal(["shop/a", "shop/b"], Names(await api.GetAsync($"{Ingresses}?resourceVersion={one}")));

        var tooLarge = await api.GetAsync(HttpStatusCode.GatewayTimeout, $"{Ingresses}?resourceVersion=5000");
        JsonEqual(
            $$"""
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Timeout: Too large resource version: 5000, current: {{api.Server.Revision}}",
             "reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}
            """,
            tooLarge);
        api.Server.Compact();
        var tooOld = await api.GetAsync(HttpStatusCode.Gone, $"{Ingresses}?resourceVersion={one}&resourceVersionMatch=Exact");
        Assert.Equal("The resourceVersion for the provided list is too old.", (string?)tooOld["message"]);
    }

    [Theory]
    [InlineData("app=web", "a")]
    [InlineData("app==web,tier", "a")]
    [InlineData("app!=web", "b c")]
    [InlineData("app in (web, db)", "a b")]
    [InlineData("app notin (web),app", "b")]
    [InlineData("!app", "c")]
    [InlineData("example.com/x=1", "c")]
    public async Task Labels_select(string selector, string expected)
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a", labels: """{"app":"web","tier":"front"}"""));
        api.Server.Apply(Ingress("shop", "b", labels: """{"app":"db"}"""));
        api.Server.Apply(Ingress("shop", "c", labels: """{"example.com/x":"1"}"""));
        var list = await api.GetAsync($"{ShopIngresses}?labelSelector={Uri.EscapeDataString(selector)}");
        Assert.Equal(expected, string.Join(' ', list["items"]!.AsArray().Select(item => item!["metadata"]!["name"])));
    }

    [Theory]
    [InlineData("type=kubernetes.io/tls", "a")]
    [InlineData("type!=kubernetes.io/tls", "b")]
    [InlineData("metadata.name==b,metadata.namespace=shop", "b")]
    public async Task Fields_select(string selector, string expected)
    {
        await using var api = await StartAsync();
        api.Server.Apply(Secret("a", "kubernetes.io/tls"));
        api.Server.Apply(Secret("b", "Opaque"));
        var list = await api.GetAsync($"{ShopSecrets}?fieldSelector={Uri.EscapeDataString(selector)}");
        Assert.Equal(expected, string.Join(' ', list["items"]!.AsArray().Select(item => item!["metadata"]!["name"])));
    }

    [Theory]
    [InlineData("?fieldSelector=spec.x=1", 400, "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("?labelSelector=a%3D%3D%3Db", 400, "unable to parse requirement: ")]
    [InlineData("?limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("?continue=x", 400, "invalid continue token: ")]
    [InlineData("?resourceVersion=x", 500, "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax")]
    [InlineData("?resourceVersionMatch=Exact", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    public async Task What_makes_no_sense_is_refused(string query, int code, string message)
    {
        await using var api = await StartAsync();
        var refused = await api.GetAsync((HttpStatusCode)code, Ingresses + query);
        Assert.StartsWith(message, (string?)refused["message"], StringComparison.Ordinal);
        Assert.Equal(code, (int?)refused["code"]);
    }

    internal static void JsonEqual(string expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\nbut got  {actual.ToJsonString()}");

    private static List<string> Names(JsonObject list) =>
        [.. list["items"]!.AsArray().Select(item => $"{item!["metadata"]!["namespace"]}/{item["metadata"]!["name"]}")];
}
