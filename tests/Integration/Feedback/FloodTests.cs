using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Feedback;

/// <summary>One namespace has very much to be told of, and another very little: that one does not wait for it.</summary>
[Collection(nameof(Scenarios))]
public sealed class FloodTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Another_namespaces_Event_is_among_the_first()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.ApplyAsync([.. Ingresses("flood", 400, "no-such-service"), .. Ingresses("victim", 1, "no-such-service")]);

        await Stage.UntilAsync("the victim is told", () => cluster.Events.Any(one => (string?)one["regarding"]!["namespace"] == "victim"));
        var told = cluster.Api.Requests.Of("create", "events").ToList();
        Assert.InRange(told.FindIndex(one => one.Namespace == "victim"), 0, 5);
    }

    [Fact]
    public async Task An_Ingress_has_twenty_Events_and_one_that_counts_the_rest()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        var many = stage.Objects.Ingress("many", Enumerable.Range(0, 300).Select(i => (
            string.Create(CultureInfo.InvariantCulture, $"h{i}.example"), "/", "no-such-service")));
        await cluster.ApplyAsync(many);

        await Stage.UntilAsync("the rest is told", () => cluster.Events.Any(one => (string?)one["reason"] == "MoreFindings"));
        Assert.Equal(21, cluster.Events.Count);
        Assert.Contains("280 more", (string)cluster.Events.Single(one => (string?)one["reason"] == "MoreFindings")["note"]!, StringComparison.Ordinal);
        Assert.Equal(21, cluster.Reconciler.Findings.Count(one => one.Object.Name == "many"));
    }

    [Fact]
    public async Task Another_namespaces_status_is_among_the_first()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.ApplyAsync(await cluster.HostAsync("first"));
        await cluster.SaysAsync("first");
        await cluster.ApplyAsync([.. Ingresses("flood", 300, "web"), .. Ingresses("victim", 1, "web")]);

        JsonObject? Victim() => cluster.Api.Get("ingresses", "victim", "i0");
        await Stage.UntilAsync("the victim says where it is served", () => Victim()?["status"]?["loadBalancer"]?["ingress"] is not null);
        var written = cluster.Writes.Where(one => one.Namespace != "shop").ToList();
        Assert.InRange(written.FindIndex(one => one.Namespace == "victim"), 0, 8);
    }

    private IEnumerable<JsonObject> Ingresses(string ns, int count, string service)
    {
        var objects = new Objects(stage.ClusterId, ns, 1_000_000);
        return Enumerable.Range(0, count).Select(i => objects.Ingress(
            string.Create(CultureInfo.InvariantCulture, $"i{i}"),
            (string.Create(CultureInfo.InvariantCulture, $"{ns}{i}.example"), "/", service)));
    }
}
