using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Integration.Scenarios;

namespace IngressReconciler.Tests.Integration.Doctor;

/// <summary>Something that can be wrong with a running system, and what the doctor must say of it.</summary>
/// <param name="Plant">Makes it so.</param>
/// <param name="Check">The check that must find it.</param>
/// <param name="Subject">What it must name.</param>
/// <param name="State">How it must judge.</param>
/// <param name="Found">What must be among what it found.</param>
/// <param name="Cure">What must be among what to do.</param>
internal sealed record Fault(Func<DoctorStage, Task> Plant, string Check, string Subject, CheckState State, string Found, string Cure)
{
    /// <summary>By name.</summary>
    public static readonly IReadOnlyDictionary<string, Fault> All = new Dictionary<string, Fault>(StringComparer.Ordinal)
    {
        ["a proxy was killed"] = new(stage => stage.Edge.Proxies[1].KillAsync(), "admin-channel", "proxy node-2", CheckState.Failed, "refuses connections", "look at why node-2 does not run"),
        ["an edge proxy was killed"] = new(stage => stage.Edge.Edges[0].KillAsync(), "admin-channel", "edge edge-1", CheckState.Failed, "refuses connections", "start edge-1 again"),
        ["an admin certificate ends soon"] = new(stage => WithAdminUntilAsync(stage, DateTimeOffset.UtcNow.AddDays(10)), "certificate", "admin port of node-2", CheckState.Warning, "in 10 days", "renew PKI/admin/tls.crt and tls.key of node-2"),
        ["an admin certificate has expired"] = new(stage => WithAdminUntilAsync(stage, DateTimeOffset.UtcNow.AddHours(-1)), "certificate", "admin port of node-2", CheckState.Failed, "expired", "renew PKI/admin/tls.crt and tls.key of node-2"),
        ["a proxy is of another CA"] = new(OfAnotherAuthorityAsync, "admin-channel", "proxy node-2", CheckState.Failed, "is not trusted", "that the CA in setting Admin__Authority has signed"),
        ["a proxy does not know us"] = new(KnowsOthersAsync, "admin-channel", "proxy node-2", CheckState.Failed, "our client certificate 'CN=ingress-reconciler'", "must trust the CA that signed our 'CN=ingress-reconciler'"),
        ["externalTrafficPolicy is Cluster"] = new(stage => stage.ChangeServiceAsync(service => service["spec"]!["externalTrafficPolicy"] = "Cluster"), "traffic-policy", "Service shop/ingress-proxy", CheckState.Failed, "puts its own address in the place of the sender's", "Set it to Local"),
        ["a NodePort is missing"] = new(stage => stage.ChangeServiceAsync(service => PortOf(service, "https-proxy").Remove("nodePort")), "node-ports", "Service shop/ingress-proxy", CheckState.Failed, "named https-proxy with a nodePort", "Add it, as infra/kubernetes does"),
        ["everybody is trusted"] = new(stage => stage.OpenAsync(options => Trusting(options, "0.0.0.0/0")), "trusted-sources", "settings", CheckState.Failed, "TrustedSources has 0.0.0.0/0: anybody could claim any address", "Name the networks that really send PROXY headers"),
        ["PROXY is expected behind a plain load balancer"] = new(stage => stage.OpenAsync(options => Trusting(options, "10.0.2.0/24") with { Edge = new(EdgeShape.LoadBalancer, []) }), "trusted-sources", "settings", CheckState.Failed, "sends no PROXY header", "Remove it, or set EdgeShape to haproxy"),
        ["a NodePort leads nowhere"] = new(
            stage => stage.ChangeServiceAsync(service => PortOf(service, "http-proxy")["nodePort"] = FreePorts.Take()),
            "client-address", "edge-1 probe-http", CheckState.Failed,
            "does not lead to an ingress proxy", "open the NodePorts from edge-1 to every node"),
        ["an edge sends no header"] = new(SendsNothingAsync, "client-address", "edge-1 probe-http", CheckState.Failed, "does not lead to an ingress proxy", "edge-1 does not send the PROXY header that the proxies want: restart it"),
        ["X-Forwarded-For is let through"] = new(
            stage => Stage.TellAsync(stage.Edge.Proxies[0], "add map virt@forwarders 127.0.0.0/8 1"),
            "spoofed-forwarded-for",
            "node node-1, port http",
            CheckState.Failed,
            "passes on X-Forwarded-For '203.0.113.7",
            "which says what to take out of it"),
        ["a proxy has a forwarder that nobody has put there"] = new(stage => Stage.TellAsync(stage.Edge.Proxies[0], "add map virt@forwarders 198.51.100.0/24 1"), "drift", "proxy node-1", CheckState.Failed, "virt@forwarders has 198.51.100.0/24", "del map virt@forwarders 198.51.100.0/24"),
        ["a PROXY header of anybody is believed"] = new(
            stage => Stage.TellAsync(stage.Edge.Proxies[0], "add map virt@proxy-sources 127.0.0.0/8 accepted"),
            "spoofed-proxy-header",
            "node node-1, port http-proxy",
            CheckState.Failed,
            "took 203.0.113.7 for the client",
            "it believes a network that no setting names"),
        ["a proxy has drifted"] = new(stage => Stage.TellAsync(stage.Edge.Proxies[1], "del map virt@routes ingress|first.example/"), "drift", "proxy node-2", CheckState.Failed, "ingress|first.example/", "resync reads node-2 back and heals it"),
        ["a served certificate ends soon"] = new(ServesUntilAsync, "certificate", "Secret shop/pair", CheckState.Warning, "in 5 days", "renew Secret shop/pair"),
        ["the cluster cannot be listed"] = new(CannotBeListedAsync, "resync", "cluster", CheckState.Failed, "not listed: ", "let the function reach the API server"),
        ["storage is gone"] = new(stage => stage.StopStorageAsync(), "storage", "blob container", CheckState.Failed, "storage account 'devstoreaccount1'", "let the function reach the storage account of setting AzureWebJobsStorage"),
        ["nothing was heard for long"] = new(stage => stage.TurnClockAsync(TimeSpan.FromHours(3)), "last-event", "cluster", CheckState.Warning, "3 h old", "look at the relay: its /readyz"),
        ["no resync for long"] = new(stage => stage.TurnClockAsync(TimeSpan.FromMinutes(20)), "resync", "cluster", CheckState.Failed, "20 min old", "look at the function Resync"),
        ["a clock is wrong"] = new(stage => stage.TurnClockAsync(TimeSpan.FromSeconds(90)), "clock", "proxy node-1", CheckState.Failed, "s behind the function's clock", "set the clock of proxy node-1"),
        ["a clock is a little off"] = new(stage => stage.TurnClockAsync(TimeSpan.FromSeconds(-10)), "clock", "edge edge-2", CheckState.Warning, "s before the function's clock", "set the clock of edge edge-2"),
        ["a node's proxy is not ready"] = new(stage => stage.Clusters.AcceptAsync([stage.Edge.Stage.Objects.Applied(stage.Edge.Slice((2, """{"ready":false}""")))]), "nodes", "node node-2", CheckState.Failed, "is not ready", "ask its /readyz"),
        ["a node is cordoned"] = new(stage => stage.Clusters.AcceptAsync([stage.Edge.Stage.Objects.Applied(stage.Edge.NodeObject(1, cordoned: true))]), "nodes", "node node-1", CheckState.Warning, "cordoned", "kubectl uncordon node-1"),
    };

    /// <summary>Whether a check is of the same thing.</summary>
    public bool IsOf(Check check) => check.Name == Check && (check.Subject == Subject || (Subject == "cluster" && check.Subject.StartsWith("cluster ", StringComparison.Ordinal)));

    private static async Task WithAdminUntilAsync(DoctorStage stage, DateTimeOffset end)
    {
        stage.Edge.Stage.Pki.ReplaceAdmin(end);
        await stage.RestartAsync(2);
    }

    private static async Task OfAnotherAuthorityAsync(DoctorStage stage)
    {
        using var other = new TestPki();
        stage.Edge.Stage.Pki.ReplaceAdmin(null, other);
        await stage.RestartAsync(2);
    }

    private static async Task KnowsOthersAsync(DoctorStage stage)
    {
        using var other = new TestPki();
        stage.Edge.Stage.Pki.AdmitOnly(other);
        await stage.RestartAsync(2);
    }

    /// <summary>The servers of an edge proxy, under their names, without what they send ahead.</summary>
    private static async Task SendsNothingAsync(DoctorStage stage)
    {
        var upstream = new Upstream("shop", "ingress-proxy", "http-proxy", UpstreamProtocol.Tcp, SendProxy.V2, AtNodes: true);
        var backend = HAProxyNames.Backend(upstream);
        foreach (var node in stage.Clusters.All[stage.Id].Wanted.Endpoints[upstream].Endpoints)
        {
            var server = $"{backend}/{HAProxyNames.Server(node)}";
            await stage.TellEdgeAsync(1, $"set server {server} state maint", $"wait 5s srv-removable {server}", $"del server {server}",
                string.Create(CultureInfo.InvariantCulture, $"add server {server} ipv4@{node.Address}:{node.Port}"), $"set server {server} state ready");
        }
    }

    private static Task ServesUntilAsync(DoctorStage stage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=first.example", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow.AddDays(5));
        var objects = stage.Edge.Stage.Objects;
        var secret = objects.Secret("pair", new('7', 64));
        secret["chain"] = certificate.ExportCertificatePem();
        var ingress = objects.Ingress("first", ("first.example", "/", "first"));
        ingress["spec"]!["tls"] = new JsonArray(new JsonObject { ["hosts"] = new JsonArray("first.example"), ["secretName"] = "pair" });
        return stage.Clusters.AcceptAsync([objects.Applied(secret), objects.Applied(ingress)]);
    }

    /// <summary>A folder that is not there stands for an API server that cannot be reached.</summary>
    private static async Task CannotBeListedAsync(DoctorStage stage)
    {
        await stage.OpenAsync(manifests: Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        await stage.Clusters.ResyncAsync(CancellationToken.None);
    }

    private static RoutingOptions Trusting(RoutingOptions options, string network) =>
        options with { Settings = options.Settings with { ProxyProtocol = new() { Sources = [new(network, Required: true)] } } };

    private static JsonObject PortOf(JsonObject service, string name) => service["spec"]!["ports"]!.AsArray().Single(port => (string?)port!["name"] == name)!.AsObject();
}
