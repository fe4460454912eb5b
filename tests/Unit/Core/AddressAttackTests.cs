using System.Net;
using IngressReconciler.Desired;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// What somebody who may write EndpointSlices of one namespace could have a proxy connect to: the cloud's metadata, the proxies themselves,
/// nodes, the API server. Each gets no server, and a sentence that says why and what to do.
/// </summary>
public class AddressAttackTests
{
    private const string Around = """
        kind: Node
        metadata: {name: n1}
        status:
          addresses:
            - {type: Hostname, address: n1}
            - {type: InternalIP, address: 10.1.0.4}
            - {type: InternalIP, address: 'fd00:1::4'}
            - {type: ExternalIP, address: 203.0.113.4}
        ---
        kind: Pod
        metadata: {name: ingress-proxy-x, namespace: ingress-reconciler, labels: {app.kubernetes.io/name: ingress-proxy}}
        spec: {nodeName: n1, containers: [{name: haproxy, ports: [{name: admin, containerPort: 9443}]}]}
        status: {phase: Running, podIP: 10.2.0.9, podIPs: [{ip: 10.2.0.9}, {ip: 'fd00:2::9'}], hostIP: 10.1.0.4}
        ---
        kind: Service
        metadata: {name: kubernetes, namespace: default}
        spec: {clusterIP: 10.3.0.1, clusterIPs: [10.3.0.1], ports: [{name: https, port: 443}]}
        ---
        kind: EndpointSlice
        metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
        addressType: IPv4
        ports: [{name: https, port: 6443}]
        endpoints: [{addresses: [10.1.0.200]}]
        ---
        kind: IngressClass
        metadata: {name: ours}
        spec: {controller: ingressreconciler.dev/ingress-controller}
        ---
        kind: Ingress
        metadata: {name: web}
        spec: {ingressClassName: ours, defaultBackend: {service: {name: web, port: {number: 80}}}}
        ---
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}]}
        ---

        """;

    [Theory]
    [InlineData("169.254.169.254", "link-local")]
    [InlineData("::ffff:169.254.169.254", "IPv4")]
    [InlineData("::ffff:0:a9fe:a9fe", "link-local")]
    [InlineData("::a9fe:a9fe", "IPv4")]
    [InlineData("64:ff9b::a9fe:a9fe", "link-local")]
    [InlineData("64:ff9b:1::a9fe:a9fe", "NAT64")]
    [InlineData("64:ff9b:1:a9fe:a9:fe00::", "NAT64")]
    [InlineData("2002:a9fe:a9fe::", "link-local")]
    [InlineData("2002:a9fe:a9fe:1::1", "link-local")]
    [InlineData("2001:0:c000:201::5601:5601", "link-local")]
    [InlineData("2001:0:a9fe:a9fe::3fff:fdfe", "link-local")]
    [InlineData("fd00:1:2:3:0:5efe:a9fe:a9fe", "link-local")]
    [InlineData("fd00:1:2:3:200:5efe:a9fe:a9fe", "link-local")]
    [InlineData("168.63.129.16", "Azure")]
    [InlineData("2002:a83f:8110::", "Azure")]
    [InlineData("100.100.100.200", "Alibaba")]
    [InlineData("192.0.0.192", "Oracle")]
    [InlineData("fd00:ec2::254", "AWS")]
    [InlineData("fd20:ce::254", "Google")]
    [InlineData("fd00:c1::a9fe:a9fe", "Oracle")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("::1", "loopback")]
    [InlineData("2002:7f00:1::", "loopback")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("0.0.0.0", "no host")]
    [InlineData("::", "no host")]
    [InlineData("10.1.0.4", "node")]
    [InlineData("fd00:1::4", "node")]
    [InlineData("203.0.113.4", "node")]
    [InlineData("64:ff9b::10.1.0.4", "node")]
    [InlineData("2002:a01:4::", "node")]
    [InlineData("10.2.0.9", "ingress prox")]
    [InlineData("fd00:2::9", "ingress prox")]
    [InlineData("10.3.0.1", "API server")]
    [InlineData("10.1.0.200", "API server")]
    public void An_address_that_is_no_Pods_gets_no_server_and_a_sentence(string address, string why)
    {
        var wanted = DesiredState.Of(Manifests.Cluster(Around + Slice(address)), new RoutingOptions());
        Assert.Empty(Assert.Single(wanted.Endpoints).Value.Endpoints);
        var finding = Assert.Single(wanted.Findings);
        Assert.Equal("EndpointSlice shop/web-1", $"{finding.Object}");
        Assert.Contains($"endpoints[0].addresses[0] '{address}' is ", finding.Message, StringComparison.Ordinal);
        Assert.Contains(why, finding.Message, StringComparison.Ordinal);
        Assert.Contains("It gets no requests", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.5.1")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.7")]
    [InlineData("100.100.100.201")]
    [InlineData("198.51.100.7")]
    [InlineData("8.8.8.8")]
    [InlineData("168.63.129.17")]
    [InlineData("192.0.0.193")]
    [InlineData("240.10.0.1")]
    [InlineData("fd00::1")]
    [InlineData("fd12:3456:789a::a9fe:a9fe")]
    [InlineData("2001:db8::1")]
    [InlineData("2600:1f18::7f00:1")]
    [InlineData("64:ff9b::192.0.2.1")]
    [InlineData("2002:c000:201::1")]
    public void An_ordinary_address_of_a_Pod_is_taken(string address)
    {
        var wanted = DesiredState.Of(Manifests.Cluster(Around + Slice(address)), new RoutingOptions());
        Assert.Empty(wanted.Findings);
        Assert.Equal(IPAddress.Parse(address), Assert.Single(Assert.Single(wanted.Endpoints).Value.Endpoints).Address.Value);
    }

    private static string Slice(string address)
    {
        var type = address.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4";
        return $$$"""
            kind: EndpointSlice
            metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
            addressType: {{{type}}}
            ports: [{port: 8080}]
            endpoints: [{addresses: ["{{{address}}}"]}]
            """;
    }
}
