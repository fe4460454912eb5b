using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Handler;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>
/// A control plane whose storage is new, before proxies that have served for long: nothing is pushed before every kind was listed.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class FirstListTests : IAsyncLifetime
{
    private const int Hosts = 12;

    private readonly Stage stage = new();
    private readonly string container = $"new-{Guid.NewGuid():N}";

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Theory]
    [InlineData(
        "endpointslices",
        "let the function reach the API server, and list endpointslices (infra/kubernetes/base/control-plane-rights.yaml)")]
    [InlineData(
        "secrets",
        "let the function list secrets in the namespaces of setting ReadSecrets (infra/kubernetes/namespaces; rights/secrets-everywhere for all), "
        + "or set it to those where it may, or to false")]
    public async Task Proxies_are_left_as_they_are_until_every_kind_was_listed(string plural, string remedy)
    {
        var live = await ServingAsync();
        live.Api.Access.Deny("*", plural);
        live.OpenFunction(container);
        await live.Reconciler.AcceptAsync([]);
        await AllServedAsync();

        // Events lift nothing; they wait in the journal.
        live.StartRelay();
        live.Apply(stage.Objects.Ingress("later", ("later.example", "/", "host-1")));
        await Stage.UntilAsync("the event is journalled", () =>
            live.Reconciler.Wanted.Cluster.Resources.ContainsKey(new(ResourceKind.Ingress, "shop", "later")));
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await AllServedAsync();
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "later.example")).Status);
        Assert.Equal(0, live.Reconciler.Version);
        Assert.Contains(stage.Log, line =>
            line.Contains("Proxies are left as they are until every kind was listed once", StringComparison.Ordinal));
        var waiting = Assert.Single(await WaitingAsync(live));
        Assert.Matches($"403 Forbidden: .?{plural}[.a-z0-9]* is forbidden", waiting);
        Assert.EndsWith(remedy, waiting, StringComparison.Ordinal);
        var checks = await live.Function.DoctorOf(stage.ClusterId).RunAsync(TestContext.Current.CancellationToken);
        var check = Assert.Single(checks, one => one.Name == "first-list");
        Assert.Equal((CheckState.Failed, remedy), (check.State, check.Cure));

        // It is tried again without anybody's help.
        live.Api.Access.AllowAll();
        await live.HeldAsync("later.example");
        await live.ConvergedAsync();
        await AllServedAsync();
        Assert.Empty(await WaitingAsync(live));
    }

    [Fact]
    public async Task A_first_list_that_lacks_what_proxies_serve_is_rejected_until_a_second_one_says_the_same()
    {
        var live = await ServingAsync();
        live.Api.Faults.Always("list", "ingresses", Fault.EmptyList);
        live.OpenFunction(container);
        await live.Reconciler.AcceptAsync([]);
        await AllServedAsync();
        var rejected = Assert.Single((await stage.StorageOf(container).Resync.ReadAsync(TestContext.Current.CancellationToken))!.Suspects);
        Assert.Equal((ResourceKind.Ingress, Suspicion.Serves), (rejected.Kind, rejected.Reason));
        Assert.Contains("is the first of this cluster, and lacks 12 of", Assert.Single(await WaitingAsync(live)), StringComparison.Ordinal);
        Assert.Equal(0, live.Reconciler.Version);

        // A start does not count as a second list that says the same; a good list is followed at once.
        live.Api.Faults.Clear();
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await live.ConvergedAsync();
        await AllServedAsync();
        Assert.Empty(await WaitingAsync(live));
    }

    [Fact]
    public async Task A_first_list_that_lacks_what_proxies_serve_is_followed_when_it_is_confirmed()
    {
        var live = await ServingAsync();
        for (var i = 1; i < Hosts; i++)
            live.Api.Delete("ingresses", "shop", string.Create(CultureInfo.InvariantCulture, $"host-{i}"));
        live.OpenFunction(container);
        await live.Reconciler.AcceptAsync([]);
        await AllServedAsync();
        var report = await live.Reconciler.ResyncAsync(confirmed: true, TestContext.Current.CancellationToken);
        Assert.Empty(report.Suspects);
        await live.ConvergedAsync();
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[0], "host-1.example")).Status);
        await stage.ServedAsync("host-0.example", "host-0");
    }

    [Fact]
    public async Task An_empty_list_of_what_no_cluster_lacks_is_said_to_be_just_that()
    {
        var live = await ServingAsync();
        live.Api.Faults.Always("list", "endpointslices", Fault.EmptyList);
        live.OpenFunction(container);
        await live.Reconciler.AcceptAsync([]);
        var waiting = Assert.Single(await WaitingAsync(live));
        Assert.Contains(
            "gave an empty list of endpointslices, which no cluster has: default/kubernetes is always there. The list is rejected",
            waiting,
            StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be reached", waiting, StringComparison.Ordinal);
        await AllServedAsync();
    }

    /// <summary>A control plane has served; it is gone.</summary>
    private async Task<LiveCluster> ServingAsync()
    {
        var live = await LiveCluster.StartAsync(stage);
        for (var i = 0; i < Hosts; i++)
            await live.HostAsync($"host-{i}");
        await live.ConvergedAsync();
        await live.StopRelayAsync();
        await live.Function.DisposeAsync();
        return live;
    }

    private async Task AllServedAsync()
    {
        for (var i = 0; i < Hosts; i++)
            await stage.ServedAsync($"host-{i}.example", $"host-{i}");
    }

    private static async Task<string[]> WaitingAsync(LiveCluster live)
    {
        using var body = new MemoryStream();
        await new Api(live.Function).AnswerAsync(
            new DefaultHttpContext { Request = { Method = "GET", Path = "/api/status" }, Response = { Body = body } });
        return [.. JsonNode.Parse(body.ToArray())!["clusters"]![0]!["waiting"]!.AsArray().Select(one => (string)one!)];
    }
}
