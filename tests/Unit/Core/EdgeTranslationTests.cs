using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Who may and who must send PROXY headers, where the edge leads, and what cannot work together.</summary>
public class EdgeTranslationTests
{
    private const string Local = """
        kind: Service
        metadata: {name: ingress-proxy, namespace: ingress-reconciler}
        spec:
          type: NodePort
          externalTrafficPolicy: Local
          ports:
          - {name: http, port: 80, nodePort: 30080}
          - {name: https, port: 443, nodePort: 30443}
          - {name: http-proxy, port: 8081, nodePort: 30081}
          - {name: https-proxy, port: 8444, nodePort: 30444}
        """;

    private static readonly RoutingOptions NoEdge = new() { ConfigMap = new(ResourceKind.ConfigMap, "ingress-nginx", "controller") };
    private static readonly RoutingOptions Proxies = NoEdge with { Edge = new(EdgeShape.Proxies, ["10.0.2.0/24"]) };
    private static readonly RoutingOptions Plain = NoEdge with { Edge = new(EdgeShape.LoadBalancer, []) };

    [Theory]
    [InlineData(HeaderAcceptance.None, "")]
    [InlineData(HeaderAcceptance.Accepted, "10.0.2.0/24 accepted")]
    [InlineData(HeaderAcceptance.Required, "10.0.2.0/24 required")]
    public void The_edge_is_believed_as_far_as_asked(HeaderAcceptance accept, string expected)
    {
        var edge = Translate(Proxies, Local, new(accept, SendProxy.None, SendProxy.None));
        Assert.Equal(expected, Sources(edge));
        Assert.Empty(edge.Findings);
    }

    [Theory]
    [InlineData(SendProxy.None, SendProxy.None, "edge-http:http edge-https:https probe-http:http probe-https:https")]
    [InlineData(SendProxy.None, SendProxy.V2, "edge-http:http edge-https:https probe-http:http-proxy/V2 probe-https:https-proxy/V2")]
    [InlineData(SendProxy.V1, SendProxy.V2, "edge-http:http-proxy/V1 edge-https:https-proxy/V1 probe-http:http-proxy/V2 probe-https:https-proxy/V2")]
    public void The_edge_leads_clients_and_probes_to_the_ports_for_what_it_sends(SendProxy send, SendProxy tried, string expected)
    {
        var tables = Translate(Proxies, Local, new(HeaderAcceptance.Accepted, send, tried)).Tables
            .Select(table => (table.Host.Table, Assert.Single(Assert.Single(table.After!.Routes).Backends).Upstream))
            .OrderBy(one => one.Table, StringComparer.Ordinal)
            .Select(one => $"{one.Table}:{one.Upstream.Port}{(one.Upstream.SendProxy == SendProxy.None ? "" : $"/{one.Upstream.SendProxy}")}");
        Assert.Equal(expected, string.Join(' ', tables));
    }

    [Theory]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '192.168.0.0/16,10.9.1.2/24, 172.16.0.9'", "10.9.1.0/24 required, 172.16.0.9/32 required, 192.168.0.0/16 required", "")]
    [InlineData("use-proxy-protocol: 'false', proxy-real-ip-cidr: '192.168.0.0/16'", "", "")]
    [InlineData("proxy-real-ip-cidr: '192.168.0.0/16'", "", "")]
    [InlineData("use-proxy-protocol: 'true'", "", "TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '0.0.0.0/1,128.0.0.0/1'", "", "TrustsEverybody TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '0.0.0.0/1,128.0.0.0/2,192.0.0.0/2,192.168.0.0/16'", "192.168.0.0/16 required", "TrustsEverybody TrustsEverybody TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '::/1,8000::/1'", "", "TrustsEverybody TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '2000::/3,fd00::/64'", "fd00::/64 required", "TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '::ffff:0.0.0.0/96,10.0.0.0/8'", "10.0.0.0/8 required", "TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7'", "10.0.0.0/8 required, 172.16.0.0/12 required, 192.168.0.0/16 required, fc00::/7 required", "")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '0.0.0.0/0'", "", "TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '::/0,192.168.0.0/16'", "192.168.0.0/16 required", "TrustsEverybody")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '10.0.0.0/33,192.168.0.0/16'", "192.168.0.0/16 required", "InvalidNetwork")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: 'ten'", "", "InvalidNetwork")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '10/8'", "", "InvalidNetwork")]
    [InlineData("use-proxy-protocol: 'yes', proxy-real-ip-cidr: '192.168.0.0/16'", "", "InvalidValue")]
    public void Ingress_nginxs_ConfigMap_says_who_must_send_headers(string data, string sources, string reasons)
    {
        var edge = Translate(NoEdge, Local, null, data);
        Assert.Equal(sources, Sources(edge));
        Assert.Equal(reasons, Reasons(edge));
        Assert.All(edge.Findings, finding => Assert.Equal(NoEdge.ConfigMap, finding.Object));
    }

    [Theory]
    [InlineData("use-proxy-protocol: 'true'", "10.0.2.0/24 accepted", "")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '10.0.0.0/8,192.168.0.0/16'", "10.0.0.0/8 required, 10.0.2.0/24 accepted, 192.168.0.0/16 required", "")]
    [InlineData("use-proxy-protocol: 'true', proxy-real-ip-cidr: '10.0.2.7/32'", "10.0.2.0/24 accepted", "EdgeDecides")]
    public void Of_our_own_edge_the_ConfigMap_does_not_decide(string data, string sources, string reasons)
    {
        var edge = Translate(Proxies, Local, new(HeaderAcceptance.Accepted, SendProxy.None, SendProxy.None), data);
        Assert.Equal(sources, Sources(edge));
        Assert.Equal(reasons, Reasons(edge));
    }

    [Theory]
    [InlineData("10.0.2.0/24", "", "EdgeDecides")]
    [InlineData("10.0.2.128/25", "", "EdgeDecides")]
    [InlineData("10.0.0.0/16", "10.0.0.0/16 required, 10.0.2.0/24 accepted", "")]
    [InlineData("10.0.3.0/24", "10.0.3.0/24 required", "")]
    public void Of_our_own_edge_TrustedSources_do_not_decide_either(string trusted, string sources, string reasons)
    {
        var edge = Translate(Proxies with { Settings = Trusting(trusted) }, Local, null);
        Assert.Equal(sources, Sources(edge));
        Assert.Equal(reasons, Reasons(edge));
        Assert.All(edge.Findings, finding => Assert.Contains($"setting TrustedSources has {trusted}", finding.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Behind_a_load_balancer_that_sends_no_header_nobody_is_made_to_send_one()
    {
        var edge = Translate(Plain with { Settings = Trusting("10.0.0.0/8") }, Local, null, "use-proxy-protocol: 'true', proxy-real-ip-cidr: '192.168.0.0/16'");
        Assert.Equal("", Sources(edge));
        Assert.Equal("NobodySendsHeaders NobodySendsHeaders", Reasons(edge));
        Assert.Empty(edge.Tables);
    }

    [Fact]
    public void Nobody_is_trusted_with_any_address()
    {
        var edge = Translate(NoEdge with { Settings = Trusting("0.0.0.0/0", "10.0.0.0/8") }, Local, null);
        Assert.Equal("10.0.0.0/8 required", Sources(edge));
        Assert.Contains("0.0.0.0/0", Assert.Single(edge.Findings).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("externalTrafficPolicy: Cluster", "SourceIsRewritten Error")]
    [InlineData("type: NodePort", "SourceIsRewritten Error")]
    public void Sources_cannot_be_told_where_nodes_rewrite_them(string policy, string expected)
    {
        var service = Local.Replace("externalTrafficPolicy: Local", policy, StringComparison.Ordinal).Replace("  type: NodePort\n  type: NodePort", "  type: NodePort", StringComparison.Ordinal);
        Assert.Equal(expected, string.Join(' ', Translate(Proxies, service, new(HeaderAcceptance.Accepted, SendProxy.None, SendProxy.None)).Findings.Select(one => $"{one.Reason} {one.Severity}")));
        Assert.Equal("SourceIsRewritten Notice", string.Join(' ', Translate(Plain, service, null).Findings.Select(one => $"{one.Reason} {one.Severity}")));
        Assert.Empty(Translate(NoEdge, service, null).Findings);
    }

    [Fact]
    public void A_port_that_the_edge_needs_and_the_Service_lacks_is_named()
    {
        var service = Local.Replace("nodePort: 30444", "protocol: TCP", StringComparison.Ordinal).Replace("name: http-proxy", "name: other", StringComparison.Ordinal);
        Assert.Empty(Translate(Proxies, service, null).Findings);
        var findings = Translate(Proxies, service, new(HeaderAcceptance.Accepted, SendProxy.None, SendProxy.V2)).Findings;
        Assert.Equal(["http-proxy", "https-proxy"], findings.Select(one => one.Message.Split("named ")[1].Split(' ')[0]));
    }

    [Fact]
    public void Without_the_proxies_Service_or_the_edges_sources_it_says_so()
    {
        Assert.Equal("ProxyServiceMissing", Reasons(Translate(Proxies, Local.Replace("name: ingress-proxy", "name: other", StringComparison.Ordinal), null)));
        Assert.Equal("EdgeSourcesUnknown", Reasons(Translate(Proxies with { Edge = new(EdgeShape.PrivateLink, []) }, Local, new(HeaderAcceptance.Accepted, SendProxy.None, SendProxy.None))));
    }

    [Fact]
    public void A_change_advances_to_what_the_whole_state_gives()
    {
        var before = Manifests.Cluster([.. Manifests.Resources(Local)]);
        var wanted = DesiredState.Of(before, Proxies);
        foreach (var spec in CutOver.Phases(new(), SendProxy.V2).Select(phase => phase.Spec))
        {
            var version = ResourceVersion.After(wanted.Cluster.Find<ProxyProtocol>(ProxyProtocol.EdgeKey)?.Metadata.ResourceVersion ?? "0");
            var (next, difference) = wanted.After([new Applied(Asked(spec, version))], DateTimeOffset.UnixEpoch);
            var whole = DesiredState.Of(next.Cluster, Proxies);
            Assert.Equal(whole.Model.Settings, next.Model.Settings);
            Assert.Equal(whole.Model.Hosts.OrderBy(pair => pair.Key, HostKey.Order), next.Model.Hosts.OrderBy(pair => pair.Key, HostKey.Order));
            Assert.Equal(whole.Endpoints.Keys.Order(Comparer<Upstream>.Create((one, other) => string.CompareOrdinal($"{one}", $"{other}"))), next.Endpoints.Keys.Order(Comparer<Upstream>.Create((one, other) => string.CompareOrdinal($"{one}", $"{other}"))));
            Assert.Equal(next.Model.Settings != wanted.Model.Settings, difference.Settings is not null);
            wanted = next;
        }
    }

    [Fact]
    public void Of_two_who_write_at_the_same_time_the_journals_first_wins()
    {
        var state = Manifests.Cluster([Asked(new(HeaderAcceptance.Accepted, SendProxy.None, SendProxy.None), "2")]);
        Assert.False(state.Accepts(new Applied(Asked(new(), "2"))));
        Assert.True(state.Accepts(new Applied(Asked(new(), "3"))));
    }

    [Fact]
    public void Nobody_outside_can_ask_for_PROXY_protocol_by_an_event()
    {
        using var json = System.Text.Json.JsonDocument.Parse("""{"apiVersion":"ingressreconciler.dev/v1","kind":"ProxyProtocol","metadata":{"name":"edge","resourceVersion":"9"},"spec":{"send":"V2"}}""");
        Assert.False(ClusterEvent.TryReadObject(json.RootElement, out _, out var refusal));
        Assert.Contains("ProxyProtocol", refusal, StringComparison.Ordinal);
    }

    private static EdgeContribution Translate(RoutingOptions options, string manifests, ProxyProtocolSpec? asked, string? data = null)
    {
        var text = data is null ? manifests : $$"""
            {{manifests}}
            ---
            kind: ConfigMap
            metadata: {name: controller, namespace: ingress-nginx}
            data: { {{data}} }
            """;
        return EdgeTranslation.Translate(Manifests.Cluster([.. Manifests.Resources(text), .. asked is null ? [] : new[] { Asked(asked, "1") }]), options);
    }

    private static ProxyProtocol Asked(ProxyProtocolSpec spec, string version) => new() { Metadata = new() { Name = "edge", ResourceVersion = version }, Spec = spec };

    private static RoutingSettings Trusting(params string[] networks) => new()
    {
        ProxyProtocol = new() { Sources = networks.Select(network => new ProxySource(network, Required: true)).ToValueList() },
    };

    private static string Sources(EdgeContribution edge) => string.Join(", ", edge.Settings.Sources.Select(source => $"{source.Network} {HAProxyNames.SourceWord(source)}"));

    private static string Reasons(EdgeContribution edge) => string.Join(' ', edge.Findings.Select(finding => finding.Reason));
}
