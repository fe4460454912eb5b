using System.Net;
using System.Text.Json.Nodes;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class WriteTests
{
    [Fact]
    public async Task What_is_created_gets_what_only_the_server_sets()
    {
        await using var api = await StartAsync();
        var content = Ingress("shop", "a");
        content["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}""");
        content["metadata"]!["uid"] = "mine";
        var made = await api.JsonAsync(HttpStatusCode.Created, HttpMethod.Post, ShopIngresses, content);

        Assert.Equal(["kind", "apiVersion", "metadata", "spec", "status"], made.Select(member => member.Key));
        Assert.Equal("""{"loadBalancer":{}}""", made["status"]!.ToJsonString());
        Assert.True(Guid.TryParse((string?)made["metadata"]!["uid"], out _));
        Assert.Equal(1, (int?)made["metadata"]!["generation"]);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", (string?)made["metadata"]!["creationTimestamp"]);
        Assert.Equal($"{api.Server.Revision}", Version(made));
        var entry = made["metadata"]!["managedFields"]![0]!;
        Assert.Equal(("raw", "Update", "FieldsV1"), ((string?)entry["manager"], (string?)entry["operation"], (string?)entry["fieldsType"]));
        ListTests.JsonEqual(made.ToJsonString(), await api.GetAsync($"{ShopIngresses}/a"));
    }

    [Fact]
    public async Task Creations_that_cannot_be_are_refused()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"ingresses.networking.k8s.io \"a\" already exists",
             "reason":"AlreadyExists","details":{"name":"a","group":"networking.k8s.io","kind":"ingresses"},"code":409}
            """,
            await api.JsonAsync(HttpStatusCode.Conflict, HttpMethod.Post, ShopIngresses, Ingress("shop", "a")));
        var mismatch = await api.JsonAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ShopIngresses, Ingress("other", "b"));
        Assert.Equal("the namespace of the provided object does not match the namespace sent on the request", (string?)mismatch["message"]);
        var nameless = await api.JsonAsync(HttpStatusCode.UnprocessableEntity, HttpMethod.Post, ShopIngresses, Ingress("shop", ""));
        Assert.Equal("Ingress.networking.k8s.io \"\" is invalid: metadata.name: Required value: name or generateName is required", (string?)nameless["message"]);
        ListTests.JsonEqual(
            """[{"reason":"FieldValueRequired","message":"Required value: name or generateName is required","field":"metadata.name"}]""", nameless["details"]!["causes"]!);
        var kind = await api.JsonAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ShopIngresses, Secret("s", "Opaque"));
        Assert.StartsWith("Secret in version \"v1\" cannot be handled as a Ingress", (string?)kind["message"], StringComparison.Ordinal);
        await api.JsonAsync(HttpStatusCode.UnsupportedMediaType, HttpMethod.Post, ShopIngresses, Ingress("shop", "b"), "application/xml");
        var method = await api.JsonAsync(HttpStatusCode.MethodNotAllowed, HttpMethod.Post, $"{ShopIngresses}/a", Ingress("shop", "a"));
        Assert.Equal("the server does not allow this method on the requested resource", (string?)method["message"]);
    }

    [Fact]
    public async Task A_namespace_that_is_being_deleted_takes_nothing_new()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        api.Server.TerminateNamespace("shop");
        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
             "message":"ingresses.networking.k8s.io \"b\" is forbidden: unable to create new content in namespace shop because it is being terminated",
             "reason":"Forbidden","details":{"name":"b","group":"networking.k8s.io","kind":"ingresses",
             "causes":[{"reason":"NamespaceTerminating","message":"namespace shop is being terminated","field":"metadata.namespace"}]},"code":403}
            """,
            await api.JsonAsync(HttpStatusCode.Forbidden, HttpMethod.Post, ShopIngresses, Ingress("shop", "b")));
        var live = await api.GetAsync($"{ShopIngresses}/a");
        live["metadata"]!["labels"] = new JsonObject { ["b"] = "c" };
        await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Put, $"{ShopIngresses}/a", live);
    }

    [Fact]
    public async Task A_name_can_be_generated()
    {
        await using var api = await StartAsync();
        var content = Ingress("shop", "");
        content["metadata"]!["generateName"] = "web-";
        var made = await api.JsonAsync(HttpStatusCode.Created, HttpMethod.Post, ShopIngresses, content);
        Assert.Matches("^web-[a-z0-9]{5}$", (string?)made["metadata"]!["name"]);
    }

    [Fact]
    public async Task Object_and_status_are_written_apart()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a"));
        var content = Ingress("shop", "a", "b.example");
        content["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}""");

        var changed = await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Put, $"{ShopIngresses}/a", content);
        Assert.Equal(("b.example", 2), ((string?)changed["spec"]!["rules"]![0]!["host"], (int?)changed["metadata"]!["generation"]));
        Assert.Equal("""{"loadBalancer":{}}""", changed["status"]!.ToJsonString());

        content["spec"] = new JsonObject();
        var status = await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Put, $"{ShopIngresses}/a/status", content);
        Assert.Equal(("b.example", 2), ((string?)status["spec"]!["rules"]![0]!["host"], (int?)status["metadata"]!["generation"]));
        Assert.Equal("192.0.2.1", (string?)status["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        var entry = status["metadata"]!["managedFields"]!.AsArray().Single(entry => (string?)entry!["subresource"] == "status")!;
        Assert.Equal("""{"f:status":{"f:loadBalancer":{"f:ingress":{}}}}""", entry["fieldsV1"]!.ToJsonString());

        using var none = await api.AskAsync(HttpMethod.Get, $"{ShopSecrets}/s/status");
        Assert.Equal("404 page not found\n", await none.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Updates_must_know_the_object_as_it_is()
    {
        await using var api = await StartAsync();
        var old = await api.JsonAsync(HttpStatusCode.Created, HttpMethod.Post, ShopIngresses, Ingress("shop", "a"));
        var now = api.Server.Apply(Ingress("shop", "a", "b.example"));

        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
             "message":"Operation cannot be fulfilled on ingresses.networking.k8s.io \"a\": the object has been modified; please apply your changes to the latest version and try again",
             "reason":"Conflict","details":{"name":"a","group":"networking.k8s.io","kind":"ingresses"},"code":409}
            """,
            await api.JsonAsync(HttpStatusCode.Conflict, HttpMethod.Put, $"{ShopIngresses}/a", old));
        var other = Ingress("shop", "a");
        other["metadata"]!["uid"] = "other";
        var uid = await api.JsonAsync(HttpStatusCode.Conflict, HttpMethod.Put, $"{ShopIngresses}/a", other);
        Assert.EndsWith($"Precondition failed: UID in precondition: other, UID in object meta: {now["metadata"]!["uid"]}", (string?)uid["message"], StringComparison.Ordinal);
        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"ingresses.networking.k8s.io \"b\" not found",
             "reason":"NotFound","details":{"name":"b","group":"networking.k8s.io","kind":"ingresses"},"code":404}
            """,
            await api.JsonAsync(HttpStatusCode.NotFound, HttpMethod.Put, $"{ShopIngresses}/b", Ingress("shop", "b")));
        var name = await api.JsonAsync(HttpStatusCode.BadRequest, HttpMethod.Put, $"{ShopIngresses}/b", Ingress("shop", "a"));
        Assert.Equal("the name of the object (a) does not match the name on the URL (b)", (string?)name["message"]);
    }

    [Fact]
    public async Task An_update_of_a_custom_kind_must_name_a_version()
    {
        await using var api = await StartAsync();
        api.Server.AddResource("example.com/v1", "Widget", "widgets", namespaced: true);
        var content = JsonNode.Parse("""{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"namespace":"shop","name":"w"}}""")!.AsObject();
        api.Server.Apply(content);
        var refused = await api.JsonAsync(HttpStatusCode.UnprocessableEntity, HttpMethod.Put, "/apis/example.com/v1/namespaces/shop/widgets/w", content);
        Assert.Equal(
            "widgets.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update", (string?)refused["message"]);
    }

    [Fact]
    public async Task What_changes_nothing_makes_no_version()
    {
        await using var api = await StartAsync();
        var made = await api.JsonAsync(HttpStatusCode.Created, HttpMethod.Post, ShopIngresses, Ingress("shop", "a"));
        ListTests.JsonEqual(made.ToJsonString(), await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Put, $"{ShopIngresses}/a", Ingress("shop", "a")));
        Assert.Equal(Version(made), Version(api.Server.Apply(Ingress("shop", "a"))));
        Assert.Equal($"{api.Server.Revision}", Version(made));
    }

    [Fact]
    public async Task A_merge_patch_sets_and_removes()
    {
        await using var api = await StartAsync();
        api.Server.Apply(Ingress("shop", "a", labels: """{"x":"1","y":"2"}"""));
        var patched = await MergeAsync(
            api, HttpStatusCode.OK, $"{ShopIngresses}/a", """{"metadata":{"labels":{"x":null,"z":"3"}},"status":{"loadBalancer":null}}""");
        Assert.Equal("""{"y":"2","z":"3"}""", patched["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal(1, (int?)patched["metadata"]!["generation"]);

        var status = await MergeAsync(
            api, HttpStatusCode.OK, $"{ShopIngresses}/a/status", """{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}},"spec":null}""");
        Assert.Equal("192.0.2.1", (string?)status["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        Assert.NotNull(status["spec"]!["rules"]);

        var stale = await MergeAsync(
            api, HttpStatusCode.Conflict, $"{ShopIngresses}/a", $$"""{"metadata":{"resourceVersion":"{{Version(patched)}}","labels":{"q":"1"} } }""");
        Assert.Equal("Conflict", (string?)stale["reason"]);
        var type = await api.JsonAsync(HttpStatusCode.UnsupportedMediaType, HttpMethod.Patch, $"{ShopIngresses}/a", new JsonObject());
        Assert.StartsWith("the body of the request was in an unknown format - accepted media types include: ", (string?)type["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deletion_says_what_is_gone()
    {
        await using var api = await StartAsync();
        var made = api.Server.Apply(Ingress("shop", "a"));
        var uid = (string)made["metadata"]!["uid"]!;
        var options = JsonNode.Parse("""{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"other"}}""");
        var wrong = await api.JsonAsync(HttpStatusCode.Conflict, HttpMethod.Delete, $"{ShopIngresses}/a", options);
        Assert.Equal(
            $"Operation cannot be fulfilled on Ingress.networking.k8s.io \"a\": the UID in the precondition (other) does not match the UID in record ({uid}). "
            + "The object might have been deleted and then recreated",
            (string?)wrong["message"]);
        ListTests.JsonEqual(
            $$$"""
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"a","group":"networking.k8s.io","kind":"ingresses","uid":"{{{uid}}}"}}
            """,
            await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Delete, $"{ShopIngresses}/a"));
        await api.JsonAsync(HttpStatusCode.NotFound, HttpMethod.Delete, $"{ShopIngresses}/a");
    }

    [Fact]
    public async Task Finalizers_hold_what_is_deleted()
    {
        await using var api = await StartAsync();
        var content = Ingress("shop", "a");
        content["metadata"]!["finalizers"] = new JsonArray("example.com/f");
        api.Server.Apply(content);
        var held = await api.JsonAsync(HttpStatusCode.OK, HttpMethod.Delete, $"{ShopIngresses}/a");
        Assert.Equal(("Ingress", 2), ((string?)held["kind"], (int?)held["metadata"]!["generation"]));
        Assert.NotNull(held["metadata"]!["deletionTimestamp"]);
        Assert.NotNull(api.Server.Get("ingresses", "shop", "a"));

        using var watch = await api.WatchAsync($"{Ingresses}?watch=1&resourceVersion={api.Server.Revision}");
        await MergeAsync(api, HttpStatusCode.OK, $"{ShopIngresses}/a", """{"metadata":{"finalizers":null}}""");
        Assert.Equal("DELETED a", await watch.NextNameAsync());
        Assert.Null(api.Server.Get("ingresses", "shop", "a"));
    }

    private static Task<JsonObject> MergeAsync(RawClient api, HttpStatusCode code, string path, string patch) =>
        api.JsonAsync(code, HttpMethod.Patch, path, JsonNode.Parse(patch), MergePatch);
}
