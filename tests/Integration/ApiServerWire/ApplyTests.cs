using System.Net;
using System.Text.Json.Nodes;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class ApplyTests
{
    private const string Status = $"{ShopIngresses}/a/status";

    [Fact]
    public async Task Applied_fields_are_the_managers_and_go_when_it_leaves_them_out()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        var applied = await ApplyAsync(api, HttpStatusCode.OK, Status, "us", Addresses("192.0.2.1"));
        Assert.Equal("192.0.2.1", (string?)applied["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        var entry = applied["metadata"]!["managedFields"]!.AsArray().Single(entry => (string?)entry!["manager"] == "us")!.AsObject();
        Assert.NotNull(entry["time"]);
        entry.Remove("time");
        ListTests.JsonEqual(
            """
            {"manager":"us","operation":"Apply","apiVersion":"networking.k8s.io/v1","fieldsType":"FieldsV1",
             "fieldsV1":{"f:status":{"f:loadBalancer":{"f:ingress":{} } } },"subresource":"status"}
            """,
            entry);

        var again = await ApplyAsync(api, HttpStatusCode.OK, Status, "us", Addresses("192.0.2.1"));
        Assert.Equal(Version(applied), Version(again));

        var empty = await ApplyAsync(api, HttpStatusCode.OK, Status, "us", new JsonObject());
        Assert.Equal("""{"loadBalancer":{}}""", empty["status"]!.ToJsonString());
        Assert.DoesNotContain(empty["metadata"]!["managedFields"]!.AsArray(), entry => (string?)entry!["manager"] == "us");
        Assert.Equal("a.example", (string?)empty["spec"]!["rules"]![0]!["host"]);
    }

    [Fact]
    public async Task What_another_applied_otherwise_is_a_conflict_unless_forced()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        await ApplyAsync(api, HttpStatusCode.OK, Status, "them", Addresses("192.0.2.1"));

        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
             "message":"Apply failed with 1 conflict: conflict with \"them\" with subresource \"status\": .status.loadBalancer.ingress","reason":"Conflict",
             "details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"them\" with subresource \"status\"","field":".status.loadBalancer.ingress"}]},
             "code":409}
            """,
            await ApplyAsync(api, HttpStatusCode.Conflict, Status, "us", Addresses("192.0.2.2")));
        var forced = await ApplyAsync(api, HttpStatusCode.OK, $"{Status}?force=true", "us", Addresses("192.0.2.2"));
        Assert.Equal("192.0.2.2", (string?)forced["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        Assert.DoesNotContain(forced["metadata"]!["managedFields"]!.AsArray(), entry => (string?)entry!["manager"] == "them");
    }

    [Fact]
    public async Task What_two_apply_alike_is_owned_by_both()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        await ApplyAsync(api, HttpStatusCode.OK, Status, "them", Addresses("192.0.2.1"));
        await ApplyAsync(api, HttpStatusCode.OK, Status, "us", Addresses("192.0.2.1"));
        var left = await ApplyAsync(api, HttpStatusCode.OK, Status, "us", new JsonObject());
        Assert.Equal("192.0.2.1", (string?)left["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
    }

    [Fact]
    public async Task An_update_takes_what_it_changes()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        await ApplyAsync(api, HttpStatusCode.OK, Status, "us", Addresses("192.0.2.1"));
        await api.JsonAsync(
            HttpStatusCode.OK, HttpMethod.Patch, Status, JsonNode.Parse("""{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}}"""), MergePatch);
        var conflict = await ApplyAsync(api, HttpStatusCode.Conflict, Status, "us", Addresses("192.0.2.1"));
        Assert.Matches(
            """^Apply failed with 1 conflict: conflict with "raw" with subresource "status" using networking.k8s.io/v1 at [0-9TZ:-]+: .status.loadBalancer.ingress$""",
            (string?)conflict["message"]);
    }

    [Fact]
    public async Task Labels_with_dots_and_slashes_are_fields_of_their_own()
    {
        await using var api = await StartAsync();
        await ApplyAsync(api, HttpStatusCode.Created, $"{ShopIngresses}/a", "them", Labels("""{"example.com/x":"1","~y":"2"}"""));
        var both = await ApplyAsync(api, HttpStatusCode.OK, $"{ShopIngresses}/a", "us", Labels("""{"z":"3"}"""));
        Assert.Equal("""{"example.com/x":"1","~y":"2","z":"3"}""", both["metadata"]!["labels"]!.ToJsonString());
        var conflict = await ApplyAsync(api, HttpStatusCode.Conflict, $"{ShopIngresses}/a", "us", Labels("""{"example.com/x":"9","~y":"9"}"""));
        Assert.Equal(
            "Apply failed with 2 conflicts: conflicts with \"them\":\n- .metadata.labels.example.com/x\n- .metadata.labels.~y", (string?)conflict["message"]);
        var left = await ApplyAsync(api, HttpStatusCode.OK, $"{ShopIngresses}/a", "them", Labels("{}"));
        Assert.Equal("""{"z":"3"}""", left["metadata"]!["labels"]!.ToJsonString());
    }

    [Fact]
    public async Task An_apply_needs_a_manager_and_an_object_for_its_status()
    {
        await using var api = await StartAsync();
        var unnamed = await api.JsonAsync(HttpStatusCode.UnprocessableEntity, HttpMethod.Patch, Status, Addresses("192.0.2.1"), ApplyPatch);
        Assert.Equal("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch", (string?)unnamed["message"]);
        ListTests.JsonEqual(
            """
            {"group":"meta.k8s.io","kind":"PatchOptions","causes":[{"reason":"FieldValueRequired","message":"Required value: is required for apply patch","field":"fieldManager"}]}
            """,
            unnamed["details"]!);
        var forced = await api.JsonAsync(HttpStatusCode.UnprocessableEntity, HttpMethod.Patch, $"{Status}?force=true", new JsonObject(), MergePatch);
        Assert.Equal("PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch", (string?)forced["message"]);
        var missing = await ApplyAsync(api, HttpStatusCode.NotFound, Status, "us", Addresses("192.0.2.1"));
        Assert.Equal("ingresses.networking.k8s.io \"a\" not found", (string?)missing["message"]);
    }

    [Fact]
    public async Task An_apply_can_be_yaml()
    {
        await using var api = await StartAsync();
        var request = new HttpRequestMessage(HttpMethod.Patch, new Uri(api.Server.Uri, $"{ShopIngresses}/a?fieldManager=us"))
        {
            Content = new StringContent("apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec:\n  ingressClassName: ours\n", null, ApplyPatch),
        };
        using var client = api.Server.CreateClient();
        using var response = await client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("ours", (string?)api.Server.Get("ingresses", "shop", "a")!["spec"]!["ingressClassName"]);
    }

    private static Task<JsonObject> ApplyAsync(RawClient api, HttpStatusCode code, string path, string manager, JsonObject applied)
    {
        applied["apiVersion"] = "networking.k8s.io/v1";
        applied["kind"] = "Ingress";
        return api.JsonAsync(code, HttpMethod.Patch, $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}fieldManager={manager}", applied, ApplyPatch);
    }

    private static JsonObject Addresses(string ip) => JsonNode.Parse($$$"""{"status":{"loadBalancer":{"ingress":[{"ip":"{{{ip}}}"}]} } }""")!.AsObject();

    private static JsonObject Labels(string labels) => JsonNode.Parse($$$"""{"metadata":{"labels":{{{labels}}} } }""")!.AsObject();
}
