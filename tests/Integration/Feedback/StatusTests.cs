using System.Text.Json.Nodes;
using IngressReconciler.Handler;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace IngressReconciler.Tests.Integration.Feedback;

/// <summary>Ingresses that proxies were read back to run say the edge's addresses; whatever the API server does, routing goes on.</summary>
[Collection(nameof(Scenarios))]
public sealed class StatusTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task The_addresses_are_applied_with_our_field_manager_and_once()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await cluster.SaysAsync("first");

        var manager = await cluster.ManagerAsync();
        Assert.Matches("^ingress-reconciler-[0-9a-f]{8}$", manager);
        var fields = Assert.Single(cluster.FieldsOf("first", manager));
        Assert.Equal(("Apply", "status"), ((string)fields["operation"]!, (string)fields["subresource"]!));
        Assert.Equal("""{"f:status":{"f:loadBalancer":{"f:ingress":{}}}}""", fields["fieldsV1"]!.ToJsonString());
        var write = Assert.Single(cluster.Writes);
        var target = $"/apis/networking.k8s.io/v1/namespaces/shop/ingresses/first/status?fieldManager={manager}&force=true";
        Assert.Equal((target, "application/apply-patch+yaml"), (write.Target, write.ContentType));

        // What it says now is known, or not known yet, or seen by a resync: it is never written again.
        await cluster.TellAsync("first");
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await cluster.TellAsync(await cluster.HostAsync("second"));
        await cluster.SaysAsync("second");
        Assert.Equal(["first", "second"], cluster.Writes.Select(one => one.Name));
    }

    [Fact]
    public async Task An_instance_that_finds_a_cluster_writes_what_is_ours_and_served_and_nothing_else()
    {
        var cluster = await ToldCluster.StartAsync(stage, withInstance: false);
        await cluster.HostAsync("first");
        await cluster.HostAsync("second");
        var foreign = stage.Objects.Ingress("foreign", ("foreign.example", "/", "first"));
        foreign["spec"]!["ingressClassName"] = "theirs";
        cluster.Put(foreign);
        cluster.Put(stage.Objects.Ingress("rejected", ("not a host", "/", "first")));
        await cluster.ApplyAsAsync("theirs", "foreign/status", Status("foreign", """[{"ip":"198.51.100.1"}]"""));
        cluster.Api.Requests.Clear();

        cluster.Function = cluster.Open();
        await cluster.SaysAsync("first");
        await cluster.SaysAsync("second");
        await stage.ServedAsync("first.example", "first");
        Assert.Equal(["first", "second"], cluster.Writes.Select(one => one.Name).Order());
    }

    [Fact]
    public async Task What_is_not_ours_any_more_is_released_and_what_others_wrote_stays()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync([.. await cluster.HostAsync("first"), .. await cluster.HostAsync("shared")]);
        await cluster.SaysAsync("first");
        await cluster.SaysAsync("shared");
        const string Label = """{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"first","labels":{"team":"shop"}}}""";
        await cluster.ApplyAsAsync("somebody", "first", Label);
        await cluster.ApplyAsAsync("somebody", "shared/status", Status("shared", ToldCluster.EdgeStatus));

        foreach (var name in (string[])["first", "shared"])
        {
            var ingress = cluster.Ingress(name)!;
            ingress["spec"]!["ingressClassName"] = "theirs";
            await cluster.TellAsync(cluster.Api.Apply(ingress));
        }

        await cluster.SaysAsync("first", "");
        var manager = await cluster.ManagerAsync();
        await Stage.UntilAsync("the shared one is released", () => cluster.FieldsOf("shared", manager).Length == 0);
        Assert.Empty(cluster.FieldsOf("first", manager));
        Assert.Equal("shop", (string?)cluster.Ingress("first")!["metadata"]!["labels"]!["team"]);
        Assert.Single(cluster.FieldsOf("first", "somebody"));
        Assert.Equal(ToldCluster.EdgeStatus, cluster.StatusOf("shared"));
    }

    [Fact]
    public async Task A_second_control_plane_with_the_same_addresses_takes_nothing_back_that_the_first_wrote()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync([.. await cluster.HostAsync("first"), .. await cluster.HostAsync("shared")]);
        await cluster.SaysAsync("first");
        await cluster.SaysAsync("shared");
        var manager = await cluster.ManagerAsync();

        // It has other proxies and other storage, and serves one of the two.
        var other = new Stage();
        await using var disposing = other;
        await other.InitializeAsync();
        var second = cluster.OpenBeside(other);
        var ingress = cluster.Ingress("shared")!;
        ingress["spec"]!["ingressClassName"] = "shared";
        cluster.Api.Apply(ingress);
        cluster.Api.Apply(
            """{ apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: { name: shared }, """
            + """spec: { controller: example.com/second } }""");
        var writes = cluster.Writes.Count;
        for (var i = 0; i < 3; i++)
            await second.ResyncAsync(TestContext.Current.CancellationToken);
        await Stage.UntilAsync("the second looks at the first Ingress", () => cluster.Writes.Skip(writes).Any(one => one.Name == "first"));
        Assert.DoesNotContain(cluster.Writes.Skip(writes), one => one.Target.Contains(manager, StringComparison.Ordinal));
        Assert.Equal(ToldCluster.EdgeStatus, cluster.StatusOf("first"));
        Assert.Single(cluster.FieldsOf("first", manager));

        // The first hears of the other class and takes back its own, no more.
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await Stage.UntilAsync("the first has released it", () => cluster.FieldsOf("shared", manager).Length == 0);
        await second.ResyncAsync(TestContext.Current.CancellationToken);
        await cluster.SaysAsync("shared");
        Assert.Equal(ToldCluster.EdgeStatus, cluster.StatusOf("first"));
    }

    [Fact]
    public async Task State_of_a_release_before_goes_on_under_the_common_name()
    {
        await using (var before = stage.Open())
            await before.AcceptAsync(await stage.HostAsync("before"));
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await cluster.SaysAsync("first");
        Assert.Single(cluster.FieldsOf("first", "ingress-reconciler"));
    }

    [Fact]
    public async Task What_somebody_else_wrote_over_comes_back_with_the_next_resync_and_not_before()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await cluster.SaysAsync("first");
        await cluster.ApplyAsAsync("somebody", "first/status", Status("first", """[{"ip":"198.51.100.1"}]"""));
        var writes = cluster.Writes.Count;
        await cluster.TellAsync("first");
        await cluster.TellAsync(await cluster.HostAsync("second"));
        await cluster.SaysAsync("second");
        Assert.Equal("""[{"ip":"198.51.100.1"}]""", cluster.StatusOf("first"));
        Assert.Equal(writes + 1, cluster.Writes.Count);

        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await cluster.SaysAsync("first");
    }

    [Fact]
    public async Task A_refusal_is_reported_once_and_is_no_matter_for_routing()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        cluster.Api.Access.Deny("patch", "ingresses");
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await Stage.UntilAsync("the failure is reported", () => cluster.Reconciler.WriteFailures.Any());
        var failure = Assert.Single(cluster.Reconciler.WriteFailures);
        Assert.Equal("status of Ingress shop/first", failure.What);
        Assert.Contains("403 Forbidden", failure.Reason, StringComparison.Ordinal);
        Assert.Contains("ingresses/status", failure.Reason, StringComparison.Ordinal);
        using var body = new MemoryStream();
        var http = new DefaultHttpContext { Request = { Method = "GET", Path = "/api/status" }, Response = { Body = body } };
        await new Api(cluster.Function).AnswerAsync(http);
        var shown = Assert.Single(JsonNode.Parse(body.ToArray())!["clusters"]![0]!["writeFailures"]!.AsArray());
        Assert.Equal((failure.What, failure.Reason), ((string)shown!["what"]!, (string)shown["reason"]!));

        await cluster.TouchAsync("first");
        await cluster.TellAsync(await cluster.HostAsync("second"));
        await stage.ServedAsync("second.example", "second");
        await Stage.UntilAsync("the second one is tried", () => cluster.Writes.Any(one => one.Name == "second"));
        Assert.Equal(["first", "second"], cluster.Writes.Select(one => one.Name));
        await Stage.UntilAsync("both are told of", () => stage.Log.Count(line => line.Contains("was not written", StringComparison.Ordinal)) == 2);

        cluster.Api.Access.AllowAll();
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await cluster.SaysAsync("first");
        await cluster.SaysAsync("second");
        Assert.Empty(cluster.Reconciler.WriteFailures);
    }

    [Theory]
    [InlineData("too many requests")]
    [InlineData("reset")]
    [InlineData("a gateway's page")]
    [InlineData("a page with status 200")]
    public async Task What_passes_is_tried_again(string fault)
    {
        var cluster = await ToldCluster.StartAsync(stage);
        cluster.Api.Faults.Next("patch", "ingresses", fault switch
        {
            "too many requests" => Fault.TooManyRequests(1),
            "reset" => Fault.Reset,
            "a gateway's page" => Fault.Html(),
            _ => Fault.Html(200),
        });
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await cluster.SaysAsync("first");
        Assert.Equal(2, cluster.Writes.Count);
        Assert.Empty(cluster.Reconciler.WriteFailures);
    }

    [Fact]
    public async Task An_API_server_that_answers_nothing_holds_up_no_route()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        cluster.Api.Faults.Always("*", "ingresses", Fault.Hang);
        cluster.Api.Faults.Always("*", "events", Fault.Hang);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await Stage.UntilAsync("a write hangs", () => cluster.Writes.Count == 1);
        for (var i = 0; i < 3; i++)
        {
            await cluster.TellAsync(await cluster.HostAsync($"later-{i}"));
            await stage.ServedAsync($"later-{i}.example", $"later-{i}");
        }

        Assert.All(cluster.Writes, write => Assert.Null(write.StatusCode));
        Assert.Equal("", cluster.StatusOf("first"));
        cluster.Api.Faults.Clear();
        cluster.Api.Faults.Release();
        await cluster.SaysAsync("first");
        await cluster.SaysAsync("later-2");
    }

    [Fact]
    public async Task A_lasting_outage_is_reported_and_made_good_by_the_next_resync()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        cluster.Api.Faults.Always("patch", "ingresses", Fault.Reset);
        await cluster.TellAsync([.. await cluster.HostAsync("first"), .. await cluster.HostAsync("second")]);
        await Stage.UntilAsync("the failure is reported", () => cluster.Reconciler.WriteFailures.Any());
        Assert.Contains("cannot be reached", cluster.Reconciler.WriteFailures.Single().Reason, StringComparison.Ordinal);
        await stage.ServedAsync("second.example", "second");

        cluster.Api.Faults.Clear();
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await cluster.SaysAsync("first");
        await cluster.SaysAsync("second");
    }

    [Fact]
    public async Task One_that_was_deleted_or_recreated_meanwhile_is_left_alone()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        var gone = await cluster.HostAsync("gone");
        var recreated = await cluster.HostAsync("recreated");
        cluster.Api.Delete("ingresses", "shop", "gone");
        var deleted = cluster.Api.Delete("ingresses", "shop", "recreated");
        var second = cluster.Put(stage.Objects.Ingress("recreated", ("recreated.example", "/", "recreated")));
        Assert.NotEqual((string?)deleted["metadata"]!["uid"], (string?)second["metadata"]!["uid"]);

        await cluster.TellAsync([.. gone, .. recreated]);
        await Stage.UntilAsync("both are tried", () => cluster.Writes.Count(one => one.StatusCode is 404 or 409) == 2);
        Assert.Equal([(404, "gone"), (409, "recreated")], cluster.Writes.Select(one => (one.StatusCode!.Value, one.Name)).Order());
        await Stage.UntilAsync("both are told of", () => stage.Log.Count(line => line.Contains("deleted or recreated meanwhile", StringComparison.Ordinal)) == 2);
        Assert.Equal("", cluster.StatusOf("recreated"));
        Assert.Null(cluster.Ingress("gone"));
        Assert.Empty(cluster.Reconciler.WriteFailures);

        await cluster.TellAsync(second);
        await cluster.SaysAsync("recreated");
    }

    /// <summary>As kube-apiserver answers an apply whose uid is another's, and one whose uid is nobody's any more.</summary>
    [Theory]
    [InlineData(422)]
    [InlineData(409)]
    public async Task A_uid_that_does_not_fit_is_no_failure(int code)
    {
        var cluster = await ToldCluster.StartAsync(stage);
        cluster.Api.Faults.Next("patch", "ingresses", Fault.Answer(code == 422
            ? ApiStatus.Invalid("networking.k8s.io", "Ingress", "first", "metadata.uid", "FieldValueInvalid", "Invalid value: \"x\": field is immutable")
            : new(409, "Conflict", "Operation cannot be fulfilled on ingresses.networking.k8s.io \"first\": uid mismatch: the provided object specified uid x, and no existing object was found")));
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await Stage.UntilAsync("it is told of", () => stage.Log.Any(line => line.Contains("deleted or recreated meanwhile", StringComparison.Ordinal)));
        Assert.Empty(cluster.Reconciler.WriteFailures);
        await cluster.TouchAsync("first");
        await cluster.TellAsync(await cluster.HostAsync("second"));
        await cluster.SaysAsync("second");
        Assert.Equal(["first", "second"], cluster.Writes.Select(one => one.Name));
    }

    [Fact]
    public async Task Nothing_is_said_before_a_proxy_runs_it()
    {
        foreach (var proxy in stage.Proxies)
            await proxy.KillAsync();
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await cluster.ToldOfAsync("loud");
        Assert.Empty(cluster.Writes);
        await stage.Proxies[1].StartAsync();
        await cluster.SaysAsync("first");
        Assert.Equal(200, (await stage.GetAsync(stage.Proxies[1], "first.example")).Status);

        // And later, when what came first runs on none either.
        await stage.Proxies[1].KillAsync();
        await Stage.UntilAsync("nothing runs", () => cluster.Reconciler.Proxies.All(one => !one.Running));
        await cluster.TellAsync(await cluster.HostAsync("second"));
        await cluster.ToldOfAsync("louder");
        Assert.Equal("", cluster.StatusOf("second"));
        Assert.Equal("", cluster.StatusOf("louder"));
        await stage.Proxies[0].StartAsync();
        await cluster.SaysAsync("second");
        await cluster.SaysAsync("louder");
    }

    [Fact]
    public async Task Who_comes_second_for_a_path_has_an_address_once_it_is_served()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await cluster.SaysAsync("first");
        var second = cluster.Put(stage.Objects.Ingress("second", ("first.example", "/", "first")));
        second["metadata"]!["creationTimestamp"] = "2099-01-01T00:00:00Z";
        await cluster.TellAsync(second);
        await cluster.ToldOfAsync("loud");
        Assert.Equal("", cluster.StatusOf("second"));

        await cluster.DeleteAsync("first");
        await cluster.SaysAsync("second");
    }

    private static string Status(string name, string ingress) => new JsonObject
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "Ingress",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = JsonNode.Parse(ingress) } },
    }.ToJsonString();
}
