using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Kubernetes;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Feedback;

/// <summary>Findings are told as Kubernetes Events at their objects: when they appear, not too often; and whatever the API server does, routing goes on.</summary>
[Collection(nameof(Scenarios))]
public sealed class EventTests : IAsyncLifetime
{
    private readonly Stage stage = new();
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UtcNow);

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_finding_is_told_once_at_its_object()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.ToldOfAsync("web");
        var told = Assert.Single(cluster.Events);
        var ingress = cluster.Ingress("web")!["metadata"]!;
        Assert.Equal(
            ("ingressreconciler.dev/ingress-controller", "Translate", "ServiceNotFound", "Warning", "shop"),
            ((string)told["reportingController"]!, (string)told["action"]!, (string)told["reason"]!, (string)told["type"]!, (string)told["metadata"]!["namespace"]!));
        Assert.Contains("there is no Service shop/no-such-service", (string)told["note"]!, StringComparison.Ordinal);
        Assert.StartsWith("ingressreconciler.dev/ingress-controller-", (string)told["reportingInstance"]!, StringComparison.Ordinal);
        Assert.Equal(
            ("networking.k8s.io/v1", "Ingress", "shop", "web", (string)ingress["uid"]!),
            ((string)told["regarding"]!["apiVersion"]!, (string)told["regarding"]!["kind"]!, (string)told["regarding"]!["namespace"]!, (string)told["regarding"]!["name"]!, (string)told["regarding"]!["uid"]!));

        // It is still found in later rounds, after a resync and by another instance.
        await cluster.TellAsync("web");
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await cluster.ToldOfAsync("second");
        Assert.Equal(2, cluster.Api.Requests.Of("create", "events").Count);
        cluster.Function = cluster.Open();
        await cluster.ToldOfAsync("third");
        await Stage.UntilAsync("the other instance has told all it knows", () => cluster.Api.Requests.Of("create", "events").Count(one => one.StatusCode == 409) >= 2);
        Assert.Equal(3, cluster.Events.Count);
        Assert.All(cluster.Events, one => Assert.Null(one["series"]));
        Assert.Empty(cluster.Reconciler.WriteFailures);
    }

    [Fact]
    public async Task A_pair_that_cannot_be_used_is_told_at_its_Secret_with_reason_and_remedy()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        var secret = stage.Objects.KeyPair(
            "pair",
            stage.Pki.IssueServer("web.example").Certificate,
            stage.Pki.IssueServer("web.example").Key);
        var ingress = stage.Objects.Ingress("web", ("web.example", "/", "web"));
        ingress["spec"]!["tls"] = JsonNode.Parse("""[{"hosts":["web.example"],"secretName":"pair"}]""");
        await cluster.TellAsync(await cluster.HostAsync("web"));
        await cluster.ApplyAsync(secret, ingress);

        await Stage.UntilAsync("it is told", () =>
            cluster.Events.Any(one => (string?)one["reason"] == RefusalFindings.CertificateNotUsable));
        var told = cluster.Events.Single(one => (string?)one["reason"] == RefusalFindings.CertificateNotUsable);
        var about = told["regarding"]!;
        Assert.Equal(
            ("Secret", "shop", "pair", "Warning"),
            ((string)about["kind"]!, (string)about["namespace"]!, (string)about["name"]!, (string)told["type"]!));
        Assert.Equal(
            "tls.crt and tls.key are not pushed to p1, p2: tls.key is not the key of any certificate in tls.crt; "
            + "store the two that belong together. What was served before is still.",
            (string)told["note"]!);
        await stage.ServedAsync("web.example", "web");
    }

    [Theory]
    [InlineData("forbidden")]
    [InlineData("reset")]
    [InlineData("hanging")]
    public async Task What_cannot_be_told_is_no_matter_for_routing_and_is_told_after_a_resync(string trouble)
    {
        var cluster = await ToldCluster.StartAsync(stage);
        if (trouble == "forbidden")
            cluster.Api.Access.Deny("create", "events");
        else
            cluster.Api.Faults.Always("create", "events", trouble == "reset" ? Fault.Reset : Fault.Hang);
        await cluster.ApplyAsync(stage.Objects.Ingress("web", ("web.example", "/", "no-such-service")));
        await Stage.UntilAsync("it is tried", () => cluster.Api.Requests.Of("create", "events").Count > 0);
        await cluster.TellAsync(await cluster.HostAsync("first"));
        await stage.ServedAsync("first.example", "first");
        await cluster.SaysAsync("first");
        Assert.Empty(cluster.Events);

        await Stage.UntilAsync("the failure is reported", () => cluster.Reconciler.WriteFailures.Any());
        Assert.Equal("Event about Ingress shop/web", cluster.Reconciler.WriteFailures.Single().What);
        cluster.Api.Access.AllowAll();
        cluster.Api.Faults.Clear();
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await Stage.UntilAsync("it is told", () => cluster.Events.Count == 1);
    }

    [Fact]
    public async Task One_that_is_forbidden_is_not_asked_for_again_and_again()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        cluster.Api.Access.Deny("create", "events", "shop");
        await cluster.ApplyAsync(stage.Objects.Ingress("web", ("web.example", "/", "no-such-service")));
        await Stage.UntilAsync("the failure is reported", () => cluster.Reconciler.WriteFailures.Any());
        cluster.Api.Access.AllowAll();
        await cluster.ToldOfAsync("second");
        Assert.Equal(2, cluster.Api.Requests.Of("create", "events").Count);
    }

    [Fact]
    public async Task In_a_namespace_that_is_being_deleted_an_Event_is_tried_once_and_no_failure_is_reported()
    {
        var cluster = await ToldCluster.StartAsync(stage, withInstance: false);
        await using var events = Events(cluster);
        var web = Known(cluster, "web");
        cluster.Api.TerminateNamespace("shop");
        events.Tell(web, Findings("web", "a"));
        await UntilAsync(() => cluster.Api.Requests.Of("create", "events").Count > 0);
        for (var resync = 0; resync < 3; resync++)
        {
            events.LookAtEverything();
            await TellAsync(events, web, Findings("web", "a"));
        }

        await TellAsync(events, web, Findings("web", "a", "b"));
        await UntilAsync(() => cluster.Api.Requests.Of("create", "events").Count > 1);
        Assert.Equal([403, 403], cluster.Api.Requests.Of("create", "events").Select(one => one.StatusCode!.Value));
        Assert.Null(events.Failure);
    }

    [Fact]
    public async Task One_that_comes_and_goes_is_one_Event_that_counts()
    {
        var cluster = await ToldCluster.StartAsync(stage, withInstance: false);
        await using var events = Events(cluster);
        var web = Known(cluster, "web");
        for (var i = 0; i < 4; i++)
        {
            await TellAsync(events, web, Findings("web", "a"));
            await TellAsync(events, web);
        }

        Assert.Null(Assert.Single(cluster.Events)["series"]);
        clock.Advance(FindingLedger.SeriesEvery);
        events.Tell(web, Findings("web", "a"));
        await UntilAsync(() => cluster.Events.Single()["series"] is not null);
        Assert.Equal(5, (int)cluster.Events.Single()["series"]!["count"]!);
        Assert.Equal("application/merge-patch+json", Assert.Single(cluster.Api.Requests.Of("patch", "events")).ContentType);

        // The API server does not keep Events for long.
        cluster.Api.Delete("events.events.k8s.io", "shop", (string)cluster.Events.Single()["metadata"]!["name"]!);
        await TellAsync(events, web);
        clock.Advance(FindingLedger.SeriesEvery);
        events.Tell(web, Findings("web", "a"));
        await UntilAsync(() => cluster.Events.Count == 1);
        Assert.Equal(6, (int)cluster.Events.Single()["series"]!["count"]!);
    }

    [Fact]
    public async Task One_that_is_put_right_at_once_is_not_told()
    {
        var cluster = await ToldCluster.StartAsync(stage, withInstance: false);
        await using var events = Events(cluster);
        var web = Known(cluster, "web");
        events.Tell(web, Findings("web", "a"));
        await Task.Delay(100, TestContext.Current.CancellationToken); // during which the clock stands still
        events.Tell(web, Findings("web", "b"));
        await UntilAsync(() => cluster.Events.Count > 0);
        await TellAsync(events, web, Findings("web", "b"));
        Assert.Equal("b", (string?)Assert.Single(cluster.Events)["note"]);
    }

    [Fact]
    public async Task A_second_teller_adds_nothing_to_what_was_told()
    {
        var cluster = await ToldCluster.StartAsync(stage, withInstance: false);
        var web = Known(cluster, "web");
        await using (var first = Events(cluster))
        {
            first.Tell(web, Findings("web", "a", "b"));
            await UntilAsync(() => cluster.Events.Count == 2);
        }

        await using var second = Events(cluster);
        second.Tell(web, Findings("web", "a", "b", "c"));
        await UntilAsync(() => cluster.Events.Count == 3);
        Assert.Equal([201, 201, 201, 409, 409], cluster.Api.Requests.Of("create", "events").Select(one => one.StatusCode!.Value).Order());
        Assert.Null(second.Failure);
    }

    [Fact]
    public async Task No_object_has_more_than_its_share_and_no_second_has_more_than_ten()
    {
        var cluster = await ToldCluster.StartAsync(stage, withInstance: false);
        await using var events = Events(cluster);
        var web = Known(cluster, "web", "other");
        Finding[] many = [.. Findings("web", Enumerable.Range(0, 40).Select(i => $"m{i}")), .. Findings("other", "a")];
        events.Tell(web, many);
        while (cluster.Events.Count == 0)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await Stage.UntilAsync("the first ten", () => cluster.Events.Count >= 10);
        await Task.Delay(300, TestContext.Current.CancellationToken); // during which the clock stands still
        Assert.Equal(10, cluster.Events.Count);
        await UntilAsync(() => cluster.Events.Count == FindingLedger.ObjectBurst + 1);
        for (var i = 0; i < 5; i++)
            await TellAsync(events, web, many);
        Assert.Equal(FindingLedger.ObjectBurst, cluster.Events.Count(one => (string?)one["regarding"]!["name"] == "web"));

        clock.Advance(FindingLedger.ObjectEvery);
        events.Tell(web, many);
        await UntilAsync(() => cluster.Events.Count == FindingLedger.ObjectBurst + 2);
    }

    private FindingEvents Events(ToldCluster cluster) => new(new(stage.Keep(new Closing(cluster.Client())).Server, TimeProvider.System), clock, NullLogger.Instance);

    /// <summary>A cluster of which some Ingresses are known.</summary>
    private static DesiredState Known(ToldCluster cluster, params string[] ingresses)
    {
        var changes = ingresses.Select(name => cluster.Put(cluster.Stage.Objects.Ingress(name))).Select(one =>
            ClusterEvent.TryReadObject(System.Text.Json.JsonElement.Parse(ObjectTrimming.Trim(one)!.ToJsonString()), out var resource, out var refusal)
                ? new Applied(resource)
                : throw new ArgumentException(refusal, nameof(ingresses)));
        return DesiredState.Of(ClusterState.Empty.Apply(changes, DateTimeOffset.UnixEpoch).State, new());
    }

    private static Finding[] Findings(string ingress, params IEnumerable<string> messages) =>
        [.. messages.Select(message => new Finding(new(ResourceKind.Ingress, "shop", ingress), Severity.Notice, "Reason", message))];

    /// <summary>Tells, and waits until a pass has heard it.</summary>
    private async Task TellAsync(FindingEvents events, DesiredState wanted, params Finding[] findings)
    {
        var heard = false;
        events.Tell(wanted, Hearing());
        await UntilAsync(() => Volatile.Read(ref heard));

        IEnumerable<Finding> Hearing()
        {
            foreach (var finding in findings)
                yield return finding;
            Volatile.Write(ref heard, true);
        }
    }

    private Task UntilAsync(Func<bool> isSo) => Stage.UntilAsync("it is so as time goes on", () =>
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        return isSo();
    });

    private sealed class Closing(ApiServer server) : IAsyncDisposable
    {
        public ApiServer Server => server;

        public ValueTask DisposeAsync()
        {
            server.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
