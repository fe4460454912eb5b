using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>The proxies' manifests fit their bootstrap, which has a life of its own in infra/haproxy.</summary>
public sealed class ProxyManifestTests
{
    private static readonly (string Port, string Variable)[] Ports = [("http", "BIND_HTTP"), ("https", "BIND_HTTPS"), ("http-proxy", "BIND_HTTP_PROXY"), ("https-proxy", "BIND_HTTPS_PROXY"), ("admin", "BIND_ADMIN"), ("health", "BIND_HEALTH")];

    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_ConfigMap_is_the_bootstrap_byte_for_byte(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var source = Assert.Single(manifests.Proxies.Items("spec.template.spec.volumes").SelectMany(volume => volume.Items("projected.sources")), one => one.At("configMap") is not null);
        var files = manifests.Find("ConfigMap", source.Text("configMap.name")!, "ingress-reconciler").Map("data");

        Assert.Equal(["certificates", "common.cfg", "ingress.cfg"], files.Keys.Order());
        Assert.All(files, file => Assert.Equal(File.ReadAllText(Repository.File($"infra/haproxy/{file.Key}")), file.Value));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Ports_are_the_bootstraps_own_in_both_families(string overlay)
    {
        var proxy = (await Manifests.OfAsync(overlay)).Proxy;
        var environment = Environment(proxy);

        Assert.Equal(
            Ports.ToDictionary(one => one.Port, one => Bootstrap.Port(one.Variable)),
            proxy.Items("ports").ToDictionary(port => port.Text("name")!, port => port.Number("containerPort")));
        Assert.All(Ports, one => Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"*:{Bootstrap.Port(one.Variable)},:::{Bootstrap.Port(one.Variable)}"), environment[one.Variable]));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_environment_is_what_the_bootstrap_reads(string overlay)
    {
        var proxy = (await Manifests.OfAsync(overlay)).Proxy;

        Assert.Subset(Bootstrap.Variables.ToHashSet(), proxy.Items("env").Select(one => one.Text("name")!).ToHashSet());
        Assert.Equal("limits.cpu", proxy.Items("env").Single(one => one.Text("name") == "THREADS").Text("valueFrom.resourceFieldRef.resource"));
        Assert.True(int.TryParse(proxy.Text("resources.limits.cpu"), out _), "a part of a core would be a thread that is throttled");
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Probes_ask_for_paths_that_the_bootstrap_answers_where_it_answers_them(string overlay)
    {
        var proxy = (await Manifests.OfAsync(overlay)).Proxy;

        foreach (var (probe, path) in new[] { ("readinessProbe", "/readyz"), ("livenessProbe", "/livez") })
        {
            Assert.Equal((path, "health"), (proxy.Text($"{probe}.httpGet.path"), proxy.Text($"{probe}.httpGet.port")));
            Assert.Contains(path, Bootstrap.Paths);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task A_Pod_is_given_the_time_that_its_proxy_takes_to_stop(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var environment = Environment(manifests.Proxy);
        int Seconds(string name) => int.Parse(environment[name].TrimEnd('s'), CultureInfo.InvariantCulture);

        Assert.InRange(Seconds("GRACE"), manifests.Proxy.Number("readinessProbe.periodSeconds") + 1, int.MaxValue);
        Assert.InRange(manifests.Proxies.Number("spec.template.spec.terminationGracePeriodSeconds"), Seconds("GRACE") + Seconds("HARD_STOP_AFTER") + 1, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_image_is_the_HAProxy_that_everything_here_is_tested_with(string overlay)
    {
        var least = File.ReadLines(Repository.File("scripts/haproxy")).Single(line => line.StartsWith("least=", StringComparison.Ordinal))["least=".Length..];

        Assert.Equal($"haproxy:{least}", (await Manifests.OfAsync(overlay)).Proxy.Text("image"));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_Service_keeps_the_source_address_and_leads_to_the_proxies_named_ports(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var service = manifests.Find("Service", "ingress-proxy", "ingress-reconciler");

        Assert.Equal(("NodePort", "Local", "PreferDualStack"), (service.Text("spec.type"), service.Text("spec.externalTrafficPolicy"), service.Text("spec.ipFamilyPolicy")));
        Assert.Equal(manifests.Proxies.Map("spec.selector.matchLabels"), service.Map("spec.selector"));
        Assert.Equal(
            [("http", "80", "30080"), ("https", "443", "30443"), ("http-proxy", "8081", "30081"), ("https-proxy", "8444", "30444")],
            service.Items("spec.ports").Select(port => (port.Text("targetPort")!, port.Text("port")!, port.Text("nodePort")!)));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Discovery_finds_the_Pods(string overlay)
    {
        var proxies = (await Manifests.OfAsync(overlay)).Proxies;

        Assert.Equal("ingress-reconciler", proxies.Text("metadata.namespace"));
        Assert.Equal("ingress-proxy", proxies.Map("spec.template.metadata.labels")["app.kubernetes.io/name"]);
        Assert.Single(proxies.Items("spec.template.spec.containers").SelectMany(container => container.Items("ports")), port => port.Text("name") == "admin");
    }

    [Theory]
    [InlineData("flat", null, "1", "0", "restricted")]
    [InlineData("overlay-network", "9443", "0", "1", "privileged")]
    public async Task Only_where_Pods_cannot_be_reached_the_admin_port_is_opened_on_the_node(string overlay, string? hostPort, string surge, string unavailable, string level)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var update = manifests.Proxies.At("spec.updateStrategy.rollingUpdate");

        Assert.Equal(
            hostPort is null ? [] : [("admin", hostPort)],
            manifests.Pods.SelectMany(pod => pod.Items("spec.containers")).SelectMany(container => container.Items("ports"))
                .Where(port => port.At("hostPort") is not null).Select(port => (port.Text("name")!, port.Text("hostPort")!)));
        // A second Pod would have to wait for the first one's port of the node, for ever.
        Assert.Equal((surge, unavailable), (update.Text("maxSurge"), update.Text("maxUnavailable")));
        Assert.Equal(level, manifests.Find("Namespace", "ingress-reconciler").Map("metadata.labels")["pod-security.kubernetes.io/enforce"]);
    }

    private static Dictionary<string, string> Environment(JsonNode proxy) =>
        proxy.Items("env").Where(one => one.At("value") is not null).ToDictionary(one => one.Text("name")!, one => one.Text("value")!);
}
