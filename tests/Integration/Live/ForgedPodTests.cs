using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Kubernetes;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>Whoever can send an event names any Pod as an ingress proxy. Keys go only to those that the API server has.</summary>
[Collection(nameof(Scenarios))]
public sealed class ForgedPodTests : IAsyncLifetime
{
    private const string PrivateKey = "PRIVATE KEY";

    private readonly Stage stage = new();
    private LiveCluster live = null!;

    public async ValueTask InitializeAsync()
    {
        await stage.InitializeAsync();
        live = await LiveCluster.StartAsync(stage, settings => settings with { Proxies = [], Reading = new() { Proxies = ProxyPods.Default } });
        await live.HostAsync("tenant");
        var (certificate, key) = stage.Pki.IssueServer("tenant.example");
        live.Apply(stage.Objects.KeyPair("pair", certificate, key));
        live.Apply(stage.Objects.Ingress("secure", new JsonObject
        {
            ["tls"] = new JsonArray(new JsonObject { ["hosts"] = new JsonArray("tenant.example"), ["secretName"] = "pair" }),
        }));
        live.Apply(Pod("p1", stage.Proxies[0].Address.AdminPort));
        await Stage.UntilAsync("the true proxy is known", () => live.Reconciler.Proxies.Any(proxy => proxy is { Name: "p1", Running: true }));
        await live.HeldAsync("tenant.example", stage.Proxies[0]);
    }

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_Pod_that_only_an_event_has_gets_no_connection()
    {
        await using var attacker = new RecordingProxy(stage.Proxies[1], Path.Combine(stage.Pki.Folder, "admin"));
        await TellAsync(ClusterEvent.AppliedType, Pod("p9", attacker.Port, "4000000000"));
        await AfterwardsAsync();
        Assert.DoesNotContain(PrivateKey, attacker.Sent, StringComparison.Ordinal);
        Assert.Equal(0, attacker.Connections);
        Assert.Equal(["p1"], live.Reconciler.Proxies.Select(proxy => proxy.Name));
        await SaidAsync(
            $"Pod ingress-reconciler/p9, it was said, is an ingress proxy at 127.0.0.1:{attacker.Port}, but the API server has no such Pod");
        Assert.Contains(TrustChecks.Judge("c", live.Reconciler), check =>
            check.Found.Contains("has no such Pod", StringComparison.Ordinal) && check.Cure!.Contains("who has the key", StringComparison.Ordinal));

        // What the lie left in the journal is put right, and a true Pod of that name is not held up by its version.
        await Stage.UntilAsync("the journal is put right", () => live.Reconciler.Wanted.Cluster.Find<Cluster.Resources.Pod>(KeyOf("p9")) is null);
        live.Apply(Pod("p9", stage.Proxies[1].Address.AdminPort));
        await Stage.UntilAsync("the true one is known", () => live.Reconciler.Proxies.Any(proxy => proxy is { Name: "p9", Running: true }));
        await stage.ServedAsync("later.example", "later");
    }

    [Fact]
    public async Task A_proxy_that_an_event_moves_elsewhere_stays_where_the_API_server_has_it()
    {
        await using var attacker = new RecordingProxy(stage.Proxies[1], Path.Combine(stage.Pki.Folder, "admin"));
        await TellAsync(ClusterEvent.AppliedType, Pod("p1", attacker.Port, "4000000000"));
        await AfterwardsAsync();
        Assert.DoesNotContain(PrivateKey, attacker.Sent, StringComparison.Ordinal);
        Assert.Equal(0, attacker.Connections);
        await SaidAsync(
            $"Pod ingress-reconciler/p1, it was said, is an ingress proxy at 127.0.0.1:{attacker.Port}, "
            + $"but the API server has it at 127.0.0.1:{stage.Proxies[0].Address.AdminPort}");
    }

    [Fact]
    public async Task While_the_API_server_cannot_be_asked_known_proxies_go_on_and_no_other_is_connected_to()
    {
        live.Api.Faults.Always("get", "pods", Fault.Answer(ApiStatus.Forbidden("", "pods", "p2", "no")));
        live.Api.Apply(Pod("p2", stage.Proxies[1].Address.AdminPort));
        await AfterwardsAsync();
        await Stage.UntilAsync("it is said what is waited for", () => live.Reconciler.Unconfirmed is [{ Name: "p2", Trouble: { Length: > 0 } }]);
        Assert.Contains("cannot be read", live.Reconciler.Unconfirmed[0].Trouble, StringComparison.Ordinal);
        Assert.Contains(TrustChecks.Judge("c", live.Reconciler), check => check is { State: CheckState.Failed, Subject: "proxy p2" }
            && check.Found.StartsWith("nothing is sent to it before the API server confirms its address: Pod", StringComparison.Ordinal));
        Assert.Equal(["p1"], live.Reconciler.Proxies.Select(proxy => proxy.Name));
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[1], "tenant.example")).Status is 404 or 503 ? 404 : 0);

        live.Api.Faults.Clear();
        await Stage.UntilAsync("it is confirmed", () => live.Reconciler.Proxies.Any(proxy => proxy is { Name: "p2", Running: true }));
        Assert.Empty(live.Reconciler.Unconfirmed);
        await stage.ServedAsync("tenant.example", "tenant");
    }

    [Fact]
    public async Task A_deletion_that_only_an_event_has_takes_no_proxy_away()
    {
        await TellAsync(ClusterEvent.DeletedType, Pod("p1", stage.Proxies[0].Address.AdminPort, "4000000000"));
        await AfterwardsAsync();
        await SaidAsync("Pod ingress-reconciler/p1, it was said, is no ingress proxy any more, but the API server has it at 127.0.0.1:");
        await Stage.UntilAsync("the journal is put right", () => live.Reconciler.Wanted.Cluster.Find<Cluster.Resources.Pod>(KeyOf("p1")) is not null);
    }

    [Fact]
    public async Task A_holder_of_the_edges_certificate_at_the_address_of_an_ingress_proxy_is_sent_nothing()
    {
        var edges = Path.Combine(stage.Pki.Folder, "edge/admin");
        await using var attacker = new RecordingProxy(
            stage.Proxies[1], Directory.Exists(edges) ? edges : Path.Combine(stage.Pki.Folder, "admin"));
        live.Apply(Pod("p2", attacker.Port));
        await Stage.UntilAsync("it was connected to", () => attacker.Connections > 0);
        await AfterwardsAsync();
        Assert.Equal("", attacker.Sent);
        Assert.Contains(
            "is not trusted: its certificate 'CN=edge-proxy' is not for the name 'ingress-proxy' but for: edge-proxy",
            live.Reconciler.Proxies.Single(proxy => proxy.Name == "p2").Trouble,
            StringComparison.Ordinal);
    }

    private static ResourceKey KeyOf(string name) => new(ResourceKind.Pod, "ingress-reconciler", name);

    private Task SaidAsync(string sentence) => Stage.UntilAsync($"it is said that {sentence}", () =>
        live.Reconciler.Disputes.Any(one => one.Sentence.StartsWith(sentence, StringComparison.Ordinal))
        && stage.Log.Any(line => line.Contains(sentence, StringComparison.Ordinal)));

    /// <summary>A host that comes after the attack is served by the true proxy: what the attack would have brought about has come about.</summary>
    private async Task AfterwardsAsync()
    {
        await live.HostAsync("later");
        await live.HeldAsync("later.example", stage.Proxies[0]);
    }

    private Task TellAsync(string type, JsonObject one) => live.Function.AcceptAsync(
        [JsonElement.Parse(ObjectEvents.Write(type, stage.ClusterId, one, DateTimeOffset.UnixEpoch))]);

    private static JsonObject Pod(string name, int port, string? version = null) => JsonNode.Parse(string.Create(CultureInfo.InvariantCulture, $$"""
        {
          "apiVersion": "v1", "kind": "Pod",
          "metadata": {
            "name": "{{name}}", "namespace": "ingress-reconciler", "resourceVersion": "{{version ?? "1"}}",
            "labels": { "app.kubernetes.io/name": "ingress-proxy" }
          },
          "spec": { "nodeName": "node-a", "containers": [{ "name": "haproxy", "ports": [{ "name": "admin", "containerPort": {{port}} }] }] },
          "status": { "phase": "Running", "podIP": "127.0.0.1" }
        }
        """))!.AsObject();
}
