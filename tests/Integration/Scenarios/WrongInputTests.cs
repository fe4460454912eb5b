using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Whatever is wrong with one object or event is said clearly, and costs nobody else anything.</summary>
[Collection(nameof(Scenarios))]
public sealed class WrongInputTests(WrongInputTests.Shop shop) : IClassFixture<WrongInputTests.Shop>
{
    private static readonly string[] Garbage = ["not an address", "999.1.1.1", "0x7f.1", "10.0.0.1:80", "::1", "224.0.0.1", "10.0.0.1\nshutdown", ""];
    private static int hosts;

    private Stage Stage => shop.Stage;

    private Objects Objects => Stage.Objects;

    private Reconciler Reconciler => shop.Clusters.All[Stage.ClusterId];

    /// <summary>One instance with a host that is served all the time.</summary>
    public sealed class Shop : IAsyncLifetime
    {
        internal Stage Stage { get; } = new();

        internal Clusters Clusters { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            await Stage.InitializeAsync();
            Clusters = Stage.Open();
            await Clusters.AcceptAsync(await Stage.HostAsync("control"));
        }

        public ValueTask DisposeAsync() => Stage.DisposeAsync();
    }

    [Fact]
    public async Task A_malformed_event_is_refused_and_those_beside_it_are_taken()
    {
        var good = Objects.Applied(Objects.Service("beside"));
        await shop.Clusters.AcceptAsync([Event("\"no event\""), Event("{}"), good, Event("""{"id":"e-1","source":"/clusters/x","type":"else"}""")]);

        Assert.Contains(Refusals, text => text.Contains("must be a JSON object", StringComparison.Ordinal) && text.Contains("String", StringComparison.Ordinal));
        Assert.Contains(Refusals, text => text.Contains("field 'source'", StringComparison.Ordinal));
        Assert.Contains(Refusals, text => text.Contains("event 'e-1'", StringComparison.Ordinal) && text.Contains("field 'type' is 'else'", StringComparison.Ordinal));
        Assert.True(Reconciler.Wanted.Cluster.Resources.ContainsKey(new(ResourceKind.Service, "shop", "beside")));
        await NothingElseIsLostAsync();
    }

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"\ud800","source":"/clusters/CLUSTER","type":"ingressreconciler.object.applied","data":{}}""", "event")]
    [InlineData("""{"specversion":"1.0","id":"e-2","source":"/clusters/\udfff","type":"ingressreconciler.object.applied","data":{}}""", "field 'source'")]
    [InlineData("""{"specversion":"1.0","id":"e-3","source":"/clusters/CLUSTER","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"\ud800","namespace":"shop","resourceVersion":"1"}}}""", "metadata.name")]
    [InlineData("""{"specversion":"1.0","id":"e-4","source":"/clusters/CLUSTER","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"shop","resourceVersion":"1"},"spec":{"ports":"none"}}}""", "spec.ports")]
    [InlineData("""{"specversion":"1.0","id":"e-5","source":"/clusters/CLUSTER","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"shop","resourceVersion":"0x1"}}}""", "metadata.resourceVersion")]
    [InlineData("""{"specversion":"1.0","id":"e-6","source":"/clusters/CLUSTER","type":"ingressreconciler.object.applied","data":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"shop","resourceVersion":"1"}}}""", "'apps/v1 Deployment'")]
    [InlineData("""{"specversion":"1.0","id":"e-7","source":"/clusters/elsewhere","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"shop","resourceVersion":"1"}}}""", "Service shop/a is from cluster 'elsewhere'")]
    [InlineData("""{"specversion":"1.0","id":"e-8","source":"/clusters/CLUSTER","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"shop","resourceVersion":"1"},"type":"kubernetes.io/tls","data":{"tls.key":"c2VjcmV0LWtleQ=="}}}""", "event 'e-8' about Secret shop/a: field 'data'")]
    public async Task An_event_that_can_never_be_of_use_is_refused_with_its_object_and_field(string json, string says)
    {
        await shop.Clusters.AcceptAsync([Event(json.Replace("CLUSTER", Stage.ClusterId, StringComparison.Ordinal))]);

        Assert.Contains(says, Refusals[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0LWtleQ", string.Join('\n', Refusals.Concat(Stage.Log)), StringComparison.Ordinal);
        await NothingElseIsLostAsync();
    }

    [Fact]
    public async Task An_Ingress_without_its_Service_answers_503_and_says_so()
    {
        await shop.Clusters.AcceptAsync([Objects.Applied(Objects.Ingress("lonely", ("lonely.example", "/", "missing")))]);

        Assert.Equal(503, (await Stage.GetAsync(Stage.Proxies[0], "lonely.example")).Status);
        Assert.Equal(503, (await Stage.GetAsync(Stage.Proxies[1], "lonely.example")).Status);
        Assert.Contains("rules[0].http.paths[0].backend.service.name", Finding("lonely", "ServiceNotFound").Message, StringComparison.Ordinal);
        await NothingElseIsLostAsync();

        await shop.Clusters.AcceptAsync((await Stage.HostAsync("missing"))[1..3]);
        await Stage.ServedAsync("lonely.example", "missing");
        Assert.DoesNotContain(Reconciler.Wanted.Findings, finding => finding.Object.Name == "lonely");
    }

    [Fact]
    public async Task Of_two_Ingresses_that_claim_the_same_the_oldest_wins_and_the_other_has_a_finding()
    {
        await shop.Clusters.AcceptAsync([.. await Stage.HostAsync("elder"), .. await Stage.HostAsync("younger")]);
        var claim = Objects.Ingress("claims-elder", ("elder.example", "/", "younger"), ("younger.example", "/more", "younger"));
        claim["metadata"]!["creationTimestamp"] = "2026-02-02T00:00:00Z";
        await shop.Clusters.AcceptAsync([Objects.Applied(claim)]);

        await Stage.ServedAsync("elder.example", "elder");
        await Stage.ServedAsync("younger.example", "younger", "/more");
        var finding = Finding("claims-elder", "RouteConflict");
        Assert.StartsWith("spec.rules[0].http.paths[0].backend: ", finding.Message, StringComparison.Ordinal);
        Assert.Contains("elder.example", finding.Message, StringComparison.Ordinal);
        Assert.Contains("Ingress shop/elder", finding.Message, StringComparison.Ordinal);
        await NothingElseIsLostAsync();
    }

    [Theory]
    [InlineData("bell\u0007.example", "/", "InvalidHost", "spec.rules[0].host")]
    [InlineData("line\n.example", "/", "InvalidHost", "spec.rules[0].host")]
    [InlineData("fine.example", "/a\u0000b", "InvalidPath", "spec.rules[0].http.paths[0].path")]
    [InlineData("fine.example", "/a\r\nb", "InvalidPath", "spec.rules[0].http.paths[0].path")]
    public async Task A_host_or_path_with_control_characters_is_not_served_and_the_rest_of_its_Ingress_is(string host, string path, string reason, string field)
    {
        await shop.Clusters.AcceptAsync([.. await Stage.HostAsync("rest"), Objects.Applied(Objects.Ingress("controlled", (host, path, "rest"), ("rest-of-it.example", "/", "rest")))]);

        var finding = Finding("controlled", reason);
        Assert.StartsWith(field, finding.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(finding.Message, char.IsControl);
        await Stage.ServedAsync("rest-of-it.example", "rest");
        await NothingElseIsLostAsync();
    }

    [Fact]
    public async Task Garbage_among_a_slices_addresses_costs_only_those()
    {
        var host = await Stage.HostAsync("mixed");
        var pod = await Stage.PodAsync("mixed-2");
        var slice = Objects.Slice("mixed", Stage.PodPort, Garbage
            .Select(address => (address, "mixed-9", "ready")).Append(($"{pod.Place.Address}", pod.Name, "ready")));
        await shop.Clusters.AcceptAsync([.. host, Objects.Applied(slice)]);

        await Stage.ServedAsync("mixed.example", "mixed");
        var findings = Reconciler.Wanted.Findings.Where(one => one.Object.Name == "mixed-1").ToArray();
        Assert.Equal(8, findings.Length);
        Assert.All(findings, (finding, i) => Assert.StartsWith($"endpoints[{i}].addresses[0] ", finding.Message, StringComparison.Ordinal));
        var servers = (await Stage.StateAsync(Stage.Proxies[0])).Backends["http:shop:mixed:80"].Servers;
        Assert.Equal(
            [pod.Place.Address], servers.Values.Where(server => server.State == ServerState.Ready).Select(server => server.Address));
        await NothingElseIsLostAsync();
    }

    private string[] Refusals => [.. shop.Clusters.Refusals.Select(refusal => refusal.Reason)];

    private static JsonElement Event(string json) => JsonElement.Parse(json);

    private Finding Finding(string name, string reason) => Assert.Single(Reconciler.Wanted.Findings, one => one.Object.Name == name && one.Reason == reason);

    private async Task NothingElseIsLostAsync()
    {
        await Stage.ServedAsync("control.example", "control");
        var later = $"later-{Interlocked.Increment(ref hosts)}";
        await shop.Clusters.AcceptAsync(await Stage.HostAsync(later));
        await Stage.ServedAsync($"{later}.example", later);
        Assert.All(Reconciler.Proxies, proxy => Assert.Null(proxy.Trouble));
    }
}
