using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Which nodes an edge proxy leads to: those that kube-proxy would answer on with <c>externalTrafficPolicy: Local</c>, and as they are about to go.</summary>
public class NodeResolutionTests
{
    private static readonly Upstream Way = new("shop", "ingress-proxy", "http", UpstreamProtocol.Tcp, AtNodes: true);

    [Theory]
    [InlineData("{nodeName: a, addresses: [10.1.0.1]}; {nodeName: b, addresses: [10.1.0.2]}", "a R, b R")]
    [InlineData("{nodeName: a, addresses: [10.1.0.1], conditions: {ready: false}}; {nodeName: b, addresses: [10.1.0.2]}", "b R")]
    [InlineData("{nodeName: a, addresses: [10.1.0.1], conditions: {ready: false, serving: true, terminating: true}}; {nodeName: b, addresses: [10.1.0.2]}", "a D, b R")]
    [InlineData("{nodeName: a, addresses: [10.1.0.1], conditions: {ready: false, serving: true, terminating: true}}", "a R")]
    [InlineData("{nodeName: a, addresses: [10.1.0.1], conditions: {ready: false, serving: true, terminating: true}}; {nodeName: a, addresses: [10.1.0.3]}", "a R")]
    [InlineData("{nodeName: cordoned, addresses: [10.1.0.1]}; {nodeName: b, addresses: [10.1.0.2]}", "b R, cordoned D")]
    [InlineData("{nodeName: cordoned, addresses: [10.1.0.1]}", "cordoned R")]
    [InlineData("{nodeName: excluded, addresses: [10.1.0.1]}; {nodeName: b, addresses: [10.1.0.2]}", "b R, excluded D")]
    [InlineData("{nodeName: excluded, addresses: [10.1.0.1]}; {nodeName: cordoned, addresses: [10.1.0.2]}", "cordoned R, excluded R")]
    [InlineData("{nodeName: gone, addresses: [10.1.0.1]}; {nodeName: b, addresses: [10.1.0.2]}", "b R; node gone is not known: it is gone, or nodes may not be read")]
    [InlineData("{nodeName: outside, addresses: [10.1.0.1]}", "; node outside has no usable InternalIP of the Service's first family")]
    [InlineData("{addresses: [10.1.0.1]}", "; the slice does not say on which node it is")]
    [InlineData("{nodeName: '; rm', addresses: [10.1.0.1]}", "; the slice does not say on which node it is")]
    public void Nodes_with_a_ready_pod_take_connections_and_those_about_to_go_drain(string endpoints, string expected)
    {
        var set = Resolve(Cluster(endpoints));
        var nodes = set.Endpoints.Select(one => $"{one.Node} {(one.State == EndpointState.Ready ? "R" : "D")}");
        Assert.Equal(expected, string.Join("; ", [string.Join(", ", nodes), .. set.Excluded.Select(one => one.Reason)]));
    }

    [Fact]
    public void A_server_is_called_by_its_node_address_and_NodePort()
    {
        var endpoint = Assert.Single(Resolve(Cluster("{nodeName: a, addresses: [10.1.0.1]}")).Endpoints);
        Assert.Equal("a_10.0.0.1_30080", HAProxyNames.Server(endpoint));
        Assert.Equal("tcp:shop:ingress-proxy:http", HAProxyNames.Backend(Way));
        Assert.Equal("tcp:shop:ingress-proxy:http:proxy-v2", HAProxyNames.Backend(Way with { SendProxy = SendProxy.V2 }));
    }

    [Fact]
    public void The_family_of_the_node_is_the_Services_first()
    {
        var endpoint = Assert.Single(Resolve(Cluster("{nodeName: a, addresses: [10.1.0.1]}", families: "[IPv6, IPv4]")).Endpoints);
        Assert.Equal("fd00::1", endpoint.Address.ToString());
    }

    [Theory]
    [InlineData("ports: [{name: http, port: 80}]")]
    [InlineData("ports: [{name: other, port: 80, nodePort: 30080}]")]
    [InlineData("ports: [{name: http, port: 80, nodePort: 70000}]")]
    public void Without_such_a_NodePort_there_is_no_way(string ports) =>
        Assert.Empty(Resolve(Cluster("{nodeName: a, addresses: [10.1.0.1]}", ports: ports)).Endpoints);

    private static EndpointSet Resolve(ClusterState state) => EndpointResolution.Resolve(state, Way, EndpointPolicy.Of(new(), state));

    private static ClusterState Cluster(string endpoints, string families = "[IPv4]", string ports = "ports: [{name: http, port: 80, nodePort: 30080}]") => Manifests.Cluster($$"""
        kind: Service
        metadata:
          name: ingress-proxy
        spec:
          type: NodePort
          ipFamilies: {{families}}
          {{ports}}
        ---
        kind: EndpointSlice
        metadata:
          name: ingress-proxy-1
          labels: {kubernetes.io/service-name: ingress-proxy}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{{endpoints.Replace(';', ',').Replace("', rm'", "'; rm'", StringComparison.Ordinal)}}]
        ---
        kind: Node
        metadata: {name: a}
        status: {addresses: [{type: Hostname, address: a}, {type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: 'fd00::1'}]}
        ---
        kind: Node
        metadata: {name: b}
        status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}
        ---
        kind: Node
        metadata: {name: cordoned}
        spec: {unschedulable: true}
        status: {addresses: [{type: InternalIP, address: 10.0.0.3}]}
        ---
        kind: Node
        metadata: {name: excluded, labels: {node.kubernetes.io/exclude-from-external-load-balancers: ''} }
        status: {addresses: [{type: InternalIP, address: 10.0.0.4}]}
        ---
        kind: Node
        metadata: {name: outside}
        status: {addresses: [{type: ExternalIP, address: 203.0.113.1}, {type: InternalIP, address: 127.0.0.1}]}
        """);
}
