using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>What holds for all that is put into a cluster, and for the relay.</summary>
public sealed class ClusterManifestTests
{
    private static readonly string[] Unused = ["hostNetwork", "hostPID", "hostIPC", "initContainers"];

    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_container_has_as_few_privileges_as_there_can_be(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);

        Assert.Equal(["99", "65532"], manifests.Pods.Select(pod => pod.Text("spec.securityContext.runAsUser")).OrderByDescending(user => user));
        Assert.All(manifests.Pods, pod =>
        {
            Assert.Equal(("true", "RuntimeDefault"), (pod.Text("spec.securityContext.runAsNonRoot"), pod.Text("spec.securityContext.seccompProfile.type")));
            Assert.All(Unused, name => Assert.Null(pod.At($"spec.{name}")));
            foreach (var container in pod.Items("spec.containers"))
            {
                var security = container.At("securityContext");
                Assert.Equal(("false", "true"), (security.Text("allowPrivilegeEscalation"), security.Text("readOnlyRootFilesystem")));
                Assert.Equal(["ALL"], security.Texts("capabilities.drop"));
                Assert.Equal(["allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"], security!.AsObject().Select(one => one.Key).Order());
                Assert.NotNull(container.At("resources.requests.memory"));
                Assert.NotNull(container.At("resources.limits.memory"));
            }
        });
        Assert.Equal("false", manifests.Proxies.Text("spec.template.spec.automountServiceAccountToken"));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Selectors_fit_the_Pods_that_they_are_for(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        int Chosen(Dictionary<string, string> selector) => manifests.Pods.Count(pod => selector.All(label => pod.Map("metadata.labels").GetValueOrDefault(label.Key) == label.Value));

        Assert.All(manifests.OfKind("DaemonSet", "Deployment", "PodDisruptionBudget"), one => Assert.Equal(1, Chosen(one.Map("spec.selector.matchLabels"))));
        Assert.All(manifests.OfKind("Service"), one => Assert.Equal(1, Chosen(one.Map("spec.selector"))));
        Assert.Equal(
            [("metrics", 2), ("nobody", 2), ("proxy-admin", 1), ("proxy-to-pods", 1), ("proxy-traffic", 1), ("relay-out", 1)],
            manifests.OfKind("NetworkPolicy").Select(one => (one.Text("metadata.name")!, Chosen(one.Map("spec.podSelector.matchLabels")))).Order());
        // For a DaemonSet the API takes no other kind of budget.
        Assert.Equal("1", Assert.Single(manifests.OfKind("PodDisruptionBudget")).Text("spec.minAvailable"));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Nobody_is_let_in_but_the_edge_the_control_plane_and_who_reads_metrics(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        string[] Rules(string policy) => [.. manifests.Find("NetworkPolicy", policy, "ingress-reconciler").Items("spec.ingress").Select(rule =>
            $"{string.Join(' ', rule.Items("ports").Select(port => port.Text("protocol") + "/" + port.Text("port")))} from {string.Join(' ', rule.Items("from").Select(one => one.ToJsonString()))}")];

        Assert.Equal(
            ["metrics: Ingress", "nobody: Ingress Egress", "proxy-admin: Ingress", "proxy-to-pods: Egress", "proxy-traffic: Ingress", "relay-out: Egress"],
            manifests.OfKind("NetworkPolicy").Select(policy => $"{policy.Text("metadata.name")}: {string.Join(' ', policy.Texts("spec.policyTypes"))}").Order());
        Assert.Empty(Rules("nobody"));
        var edge = $$$"""{"ipBlock":{"cidr":"{{{Manifests.Parameters["EDGE_CIDR"]}}}"}}""";
        Assert.Equal([$$$"""TCP/http TCP/https from {{{edge}}} {"namespaceSelector":{}}""", $"TCP/http-proxy TCP/https-proxy from {edge}"], Rules("proxy-traffic"));
        Assert.Equal([$$$"""TCP/admin from {"ipBlock":{"cidr":"{{{Manifests.Parameters["CONTROL_PLANE_CIDR"]}}}"}}"""], Rules("proxy-admin"));
        Assert.Equal(
            [$$$$"""TCP/health from {"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{{Manifests.Parameters["MONITORING_NAMESPACE"]}}}}"}}}"""], Rules("metrics"));

        // A port that is named in a policy and in no Pod opens nothing.
        var named = manifests.Pods.SelectMany(pod => pod.Items("spec.containers")).SelectMany(container => container.Items("ports")).Select(port => port.Text("name")).ToHashSet();
        Assert.All(manifests.OfKind("NetworkPolicy").SelectMany(policy => policy.Items("spec.ingress")).SelectMany(rule => rule.Items("ports")), port => Assert.Contains(port.Text("port"), named));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Proxies_reach_Pods_that_are_no_proxies_and_the_relay_what_it_publishes_to(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        string[] Rules(string policy) => [.. manifests.Find("NetworkPolicy", policy, "ingress-reconciler").Items("spec.egress").Select(rule =>
            $"{string.Join(' ', rule.Items("ports").Select(port => port.Text("protocol") + "/" + port.Text("port")))} to {string.Join(' ', rule.Items("to").Select(one => one.ToJsonString()))}")];

        Assert.Empty(Rules("nobody"));
        Assert.Equal(
            [""" to {"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["ingress-reconciler"]}]}}"""],
            Rules("proxy-to-pods"));
        Assert.Equal(
            [
                """UDP/53 TCP/53 to {"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}}} {"ipBlock":{"cidr":"169.254.20.10/32"}}""",
                """TCP/443 TCP/6443 to {"ipBlock":{"cidr":"0.0.0.0/0","except":["169.254.0.0/16","168.63.129.16/32"]}} {"ipBlock":{"cidr":"::/0","except":["fe80::/10","fd00:ec2::254/128"]}}""",
            ],
            Rules("relay-out"));
        // What a policy says of namespaces is by this label, so the proxies' own has to be the one that is named.
        Assert.Equal("ingress-reconciler", manifests.Proxies.Text("metadata.namespace"));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_parameter_is_filled_in_and_none_is_used_that_is_not_there(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var texts = manifests.All.SelectMany(Texts).ToArray();

        Assert.NotEmpty(Manifests.Parameters);
        Assert.All(Manifests.Parameters, parameter =>
        {
            Assert.Contains(parameter.Value, texts);
            // What the base says until it is filled in; the relay's environment has names of its own.
            Assert.DoesNotContain(texts, text => text == parameter.Key && parameter.Key is not ("CLUSTER" or "TOPIC"));
        });
        Assert.DoesNotContain(manifests.OfKind("ConfigMap"), one => one.Text("metadata.name")!.StartsWith("parameters", StringComparison.Ordinal));
        foreach (var network in new[] { "CONTROL_PLANE_CIDR", "EDGE_CIDR" })
            Assert.True(IPNetwork.TryParse(Manifests.Parameters[network], out _), network);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_relay_is_told_its_cluster_and_topic_and_has_an_identity_in_Azure(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var pod = manifests.Find("Deployment", "ingress-reconciler-relay", "ingress-reconciler").At("spec.template");
        var relay = Assert.Single(pod.Items("spec.containers"));
        var account = manifests.Find("ServiceAccount", pod.Text("spec.serviceAccountName")!, "ingress-reconciler");

        Assert.Equal(
            ["relay", "--cluster", "$(CLUSTER)", "--topic", "$(TOPIC)", "--proxy-namespace", "$(NAMESPACE)", "--secrets", "$(READ_SECRETS)", "--nodes", "$(READ_NODES)", "--config-map", "$(CONFIG_MAP)"],
            relay.Texts("args"));
        Assert.Equal(
            [("CLUSTER", Manifests.Parameters["CLUSTER"]), ("CONFIG_MAP", ""), ("NAMESPACE", "metadata.namespace"), ("READ_NODES", "true"), ("READ_SECRETS", "false"), ("TOPIC", Manifests.Parameters["TOPIC"])],
            relay.Items("env").Select(one => (one.Text("name")!, one.Text("value") ?? one.Text("valueFrom.fieldRef.fieldPath")!)).Order());
        Assert.Equal("true", pod.Map("metadata.labels")["azure.workload.identity/use"]);
        Assert.Equal(Manifests.Parameters["RELAY_CLIENT_ID"], account.Map("metadata.annotations")["azure.workload.identity/client-id"]);
        Assert.Equal(Manifests.Parameters["RELAY_IMAGE"], relay.Text("image"));
        Assert.Equal(("/readyz", "/healthz"), (relay.Text("readinessProbe.httpGet.path"), relay.Text("livenessProbe.httpGet.path")));
        Assert.Equal(("health", "8090"), (relay.Items("ports").Single().Text("name"), relay.Items("ports").Single().Text("containerPort")));
        Assert.Equal(("1", "0"), (manifests.Find("Deployment", "ingress-reconciler-relay").Text("spec.replicas"), manifests.Find("Deployment", "ingress-reconciler-relay").Text("spec.strategy.rollingUpdate.maxUnavailable")));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_class_is_ours_and_not_the_default(string overlay)
    {
        var one = Assert.Single((await Manifests.OfAsync(overlay)).OfKind("IngressClass"));

        Assert.Equal(("ingress-reconciler", new Routing.RoutingOptions().Controllers.Single()), (one.Text("metadata.name"), one.Text("spec.controller")));
        Assert.Null(one.At("metadata.annotations"));
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(pair => Texts(pair.Value)),
        JsonArray list => list.SelectMany(Texts),
        null => [],
        _ => [node.ToString()],
    };
}
