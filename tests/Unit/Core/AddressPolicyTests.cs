using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// What an operator's settings let EndpointSlices name, how the cluster's changes are followed, and how many servers a Service gets.
/// </summary>
public class AddressPolicyTests
{
    private const string Web = """
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}], selector: {app: web}}
        ---
        kind: Ingress
        metadata: {name: web}
        spec: {ingressClassName: ours, defaultBackend: {service: {name: web, port: {number: 80}}}}
        """;

    private const string Node = "{kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.1.0.4}]}}";

    private const string Managed = "endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io";

    [Fact]
    public void A_Pod_on_its_nodes_network_is_led_to_where_the_operator_says_that_there_are_such()
    {
        Assert.Equal("", Served(Options(new()), Web, Node, Slice("10.1.0.4")));
        Assert.Equal("10.1.0.4", Served(HostNetworkIn("shop"), Web, Node, Slice("10.1.0.4")));
        Assert.Equal("10.1.0.4", Served(HostNetworkIn("*"), Web, Node, Slice("10.1.0.4")));
        Assert.Equal("", Served(HostNetworkIn("other"), Web, Node, Slice("10.1.0.4")));
        Assert.Contains(
            "have the operator add namespace shop to setting HostNetworkNamespaces",
            Assert.Single(Wanted(Options(new()), Web, Node, Slice("10.1.0.4")).Findings).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_proxy_on_its_nodes_network_has_the_nodes_address_and_no_other()
    {
        const string proxy = """
            kind: Pod
            metadata: {name: p1, namespace: ingress-reconciler, labels: {app.kubernetes.io/name: ingress-proxy}}
            status: {phase: Running, podIP: 10.1.0.5, hostIP: 10.1.0.5}
            """;
        Assert.Equal("", Served(Options(new()), Web, proxy, Slice("10.1.0.5")));
        Assert.Equal("10.1.0.5", Served(HostNetworkIn("shop"), Web, proxy, Slice("10.1.0.5")));
        var ended = proxy.Replace("Running", "Succeeded", StringComparison.Ordinal);
        Assert.Equal("10.1.0.5", Served(Options(new()), Web, ended, Slice("10.1.0.5")));
    }

    [Fact]
    public void With_networks_of_Pods_all_that_is_outside_is_refused()
    {
        var options = PodsIn("10.244.0.0/16", "fd00:10::/56");
        Assert.Equal("10.244.3.7", Served(options, Web, Slice("10.244.3.7", "10.245.0.1", "8.8.8.8")));
        Assert.Equal("fd00:10::7", Served(options, Web, Slice("fd00:10::7", "fd00:11::7", "2002:af4:307::")));
        var finding = Assert.Single(Wanted(options, Web, Slice("10.245.0.1")).Findings);
        Assert.Equal("OutsidePodNetworks", finding.Reason);
        Assert.Equal(
            "endpoints[0].addresses[0] '10.245.0.1' is outside of the networks that setting PodNetworks lists. It gets no requests; name the "
            + "address of a Pod, or have the operator add the network to PodNetworks.",
            finding.Message);
    }

    [Fact]
    public void Neither_setting_opens_what_is_reserved()
    {
        var networks = PodsIn("0.0.0.0/0", "::/0").Addresses;
        var options = Options(networks with { HostNetworkNamespaces = NamespaceList.Parse("*") });
        const string node = "{kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 169.254.169.254}]}}";
        Assert.Equal("", Served(options, Web, node, Slice("169.254.169.254", "168.63.129.16", "127.0.0.1")));
    }

    [Fact]
    public void What_our_own_parts_have_by_the_settings_is_refused()
    {
        var options = Options(new() { Own = [new(IPAddress.Parse("10.9.0.1"), AddressOwner.IngressProxy)] }) with
        {
            Edge = new(EdgeShape.Proxies, ["10.9.0.2/32", "10.9.1.0/24"]),
        };
        Assert.Equal("10.9.1.3", Served(options, Web, Slice("10.9.0.1", "10.9.0.2", "10.9.1.3")));
    }

    [Theory]
    [InlineData(Managed, "{app: web}", true)]
    [InlineData(Managed, "{}", false)] // nobody puts such a slice right
    [InlineData("endpointslice.kubernetes.io/managed-by: endpointslicemirroring-controller.k8s.io", "{}", true)]
    [InlineData("endpointslice.kubernetes.io/managed-by: endpointslicemirroring-controller.k8s.io", "{app: web}", false)]
    [InlineData("endpointslice.kubernetes.io/managed-by: somebody", "{app: web}", false)]
    [InlineData("", "{app: web}", false)]
    public void Where_only_slices_of_Kubernetes_own_controllers_count_others_are_refused(string label, string selector, bool isRead)
    {
        var web = Web.Replace("{app: web}", selector, StringComparison.Ordinal);
        var slice = Slice("10.0.0.1").Replace("labels: {", $"labels: {{{label}{(label.Length > 0 ? ", " : "")}", StringComparison.Ordinal);
        Assert.Equal("10.0.0.1", Served(Options(new()), web, slice));
        Assert.Equal("10.0.0.1", Served(Options(new() { ManagedSlicesOnly = NamespaceList.Parse("other") }), web, slice));
        var wanted = Wanted(Options(new() { ManagedSlicesOnly = NamespaceList.Parse("shop") }), web, slice);
        Assert.Equal(isRead ? "10.0.0.1" : "", Addresses(wanted));
        if (isRead)
        {
            Assert.Empty(wanted.Findings);
            return;
        }

        var finding = Assert.Single(wanted.Findings);
        Assert.Equal("UnmanagedSlice EndpointSlice shop/web-1", $"{finding.Reason} {finding.Object}");
        Assert.Contains("setting ManagedSlicesOnly", finding.Message, StringComparison.Ordinal);
        Assert.Equal("'10.0.0.1'", Assert.Single(Assert.Single(wanted.Endpoints).Value.Excluded).Address);
    }

    [Theory]
    [InlineData("{kind: Pod, name: web-1}", "web-1_10.0.0.1_8080")]
    [InlineData("{kind: Pod, name: web-1, namespace: shop}", "web-1_10.0.0.1_8080")]
    [InlineData("{kind: Pod, name: bank-1, namespace: bank}", "10.0.0.1_8080")]
    public void A_slice_names_Pods_of_its_own_namespace_only(string target, string server)
    {
        var slice = Slice("10.0.0.1").Replace("{addresses:", $"{{targetRef: {target}, addresses:", StringComparison.Ordinal);
        var wanted = Wanted(Options(new()), Web, slice);
        Assert.Equal(server, HAProxyNames.Server(Assert.Single(Assert.Single(wanted.Endpoints).Value.Endpoints)));
        string[] told = target.Contains("bank", StringComparison.Ordinal) ? ["Notice ForeignTargetRef"] : [];
        Assert.Equal(told, wanted.Findings.Select(one => $"{one.Severity} {one.Reason}"));
    }

    [Fact]
    public void A_Service_gets_a_thousand_servers_ready_ones_first_whatever_the_order_they_came_in()
    {
        string[] all = [.. Enumerable.Range(0, 1200).Select(i => new IPAddress([10, 0, (byte)(i / 250), (byte)(1 + (i % 250))]).ToString())];
        var one = Wanted(Options(new()), Web, Slice(all));
        var other = Wanted(Options(new()), Web, Slice([.. all.Reverse()]));
        Assert.Equal(all[..1000], Addresses(one).Split(' '));
        Assert.Equal(Addresses(one), Addresses(other));
        var finding = Assert.Single(one.Findings);
        Assert.Equal("TooManyEndpoints Service shop/web", $"{finding.Reason} {finding.Object}");
        Assert.StartsWith("1200 endpoints are behind port 80, and 200 of them get no requests", finding.Message, StringComparison.Ordinal);
        Assert.Equal(200, Assert.Single(one.Endpoints).Value.Excluded.Count);

        // Those that only finish what they have make room for those that are ready.
        const string conditions = "{conditions: {ready: false, serving: true, terminating: true}, ";
        var leaving = Slice(all).Replace("{addresses: [\"10.0.0.", conditions + "addresses: [\"10.0.0.", StringComparison.Ordinal);
        var kept = Assert.Single(Wanted(Options(new()), Web, leaving).Endpoints).Value.Endpoints;
        Assert.Equal((950, 50), (kept.Count(each => each.State == EndpointState.Ready), kept.Count(each => each.State != EndpointState.Ready)));
        Assert.Single(Wanted(Options(new()), Web, Slice(all[..1001])).Findings);
        Assert.Empty(Wanted(Options(new()), Web, Slice(all[..1000])).Findings);
    }

    [Fact]
    public void Whoever_comes_to_have_an_address_or_leaves_it_changes_what_is_led_there_and_nothing_else()
    {
        const string other = """
            kind: Service
            metadata: {name: other}
            spec: {ports: [{port: 80}]}
            ---
            kind: Ingress
            metadata: {name: other}
            spec:
              ingressClassName: ours
              rules: [{host: other.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: other, port: {number: 80}}}}]}}]
            """;
        var slice = Slice("10.0.0.9").Replace("web", "other", StringComparison.Ordinal);
        var before = Wanted(Options(new()), Web, Slice("10.1.0.4", "2002:a01:4::1"), other, slice);
        Assert.Equal(2, before.Endpoints.Count);
        var (with, came) = After(before, "2", Node);
        Assert.Equal("", Addresses(with, "web"));
        Assert.Equal("web", Assert.Single(came.Upstreams).Upstream.Service);
        Assert.Equal(2, with.Findings.Count());

        // The same node again, with a condition that changed.
        Assert.True(After(with, "3", Node).Difference.IsEmpty);

        // A second one says the same; the address is a node's until both are gone.
        var (two, _) = After(with, "4", Node.Replace("n1", "n2", StringComparison.Ordinal));
        var (one, none) = two.After([new Deleted(new(ResourceKind.Node, "", "n1"), "5")], DateTimeOffset.UnixEpoch);
        Assert.True(none.IsEmpty);
        var (left, went) = one.After([new Deleted(new(ResourceKind.Node, "", "n2"), "6")], DateTimeOffset.UnixEpoch);
        Assert.Equal("10.1.0.4 2002:a01:4::1", Addresses(left, "web"));
        Assert.Single(went.Upstreams);
        Assert.Empty(left.Findings);
        Assert.Equal(Stages.All(before), Stages.All(left));
    }

    [Fact]
    public void No_endpoint_is_where_a_machine_of_the_edge_is_as_long_as_it_is_there()
    {
        var before = Wanted(Options(new()), Web, Slice("10.0.2.4", "10.0.0.1"));
        var (with, came) = before.Beside([IPAddress.Parse("10.0.2.4")]);
        Assert.Equal("10.0.0.1", Addresses(with));
        Assert.Single(came.Upstreams);
        Assert.Contains("'10.0.2.4' is an address of the edge", Assert.Single(with.Findings).Message, StringComparison.Ordinal);
        Assert.True(with.Beside([IPAddress.Parse("10.0.2.4")]).Difference.IsEmpty);

        // Changes of the cluster do not undo it; another list does.
        Assert.Equal("10.0.0.1", Addresses(After(with, "2", Node).Next));
        var (left, went) = with.Beside([IPAddress.Parse("10.0.2.5")]);
        Assert.Equal("10.0.0.1 10.0.2.4", Addresses(left));
        Assert.Single(went.Upstreams);
    }

    [Fact]
    public void A_slice_that_only_says_that_it_is_the_API_servers_takes_nobodys_address_away()
    {
        const string forged = """
            kind: EndpointSlice
            metadata: {name: kubernetes-2, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
            addressType: IPv4
            ports: [{port: 443}]
            endpoints: [{addresses: [10.0.0.1]}]
            """;
        const string pod = """
            kind: Pod
            metadata: {name: p1, namespace: shop, labels: {app.kubernetes.io/name: ingress-proxy}}
            status: {phase: Running, podIP: 10.0.0.1}
            """;
        Assert.Equal("10.0.0.1", Served(Options(new()), Web, Slice("10.0.0.1"), forged, pod));
    }

    [Fact]
    public void On_one_machine_all_parts_share_the_loopback_addresses()
    {
        var own = Options(new() { Own = [new(IPAddress.Loopback, AddressOwner.IngressProxy)] });
        var options = own with { AllowLoopbackEndpoints = true };
        Assert.Equal("127.0.0.1 127.9.0.1", Served(options, Web, Slice("127.0.0.1", "127.9.0.1", "169.254.169.254")));
        Assert.Equal("::1", Served(options, Web, Slice("::1", "64:ff9b::7f00:1", "2002:7f00:1::")));
    }

    private static RoutingOptions Options(AddressOptions addresses) => new() { ClassNames = ["ours"], Addresses = addresses };

    private static RoutingOptions HostNetworkIn(string namespaces) => Options(new() { HostNetworkNamespaces = NamespaceList.Parse(namespaces) });

    private static RoutingOptions PodsIn(params string[] networks) =>
        Options(new() { PodNetworks = networks.Select(one => IPNetwork.Parse(one)).ToValueList() });

    private static DesiredState Wanted(RoutingOptions options, params string[] documents) =>
        DesiredState.Of(Manifests.Cluster(string.Join("\n---\n", documents)), options);

    private static string Served(RoutingOptions options, params string[] documents) => Addresses(Wanted(options, documents));

    private static string Addresses(DesiredState wanted, string service = "web") =>
        string.Join(' ', wanted.Endpoints.Single(one => one.Key.Service == service).Value.Endpoints.Select(one => one.Address.ToString()));

    private static (DesiredState Next, DesiredDifference Difference) After(DesiredState wanted, string version, string document)
    {
        var resource = Manifests.Documents(document).Select(one => Manifests.Resource(one, version)).Single();
        return wanted.After([new Applied(resource)], DateTimeOffset.UnixEpoch);
    }

    /// <summary>A slice of Service web for each family.</summary>
    private static string Slice(params string[] addresses) => string.Join("\n---\n", addresses.GroupBy(one => one.Contains(':')).Select((family, i) =>
    {
        var type = family.Key ? "IPv6" : "IPv4";
        var endpoints = string.Join(", ", family.Select(one => $"{{addresses: [\"{one}\"]}}"));
        return $$$"""
            kind: EndpointSlice
            metadata: {name: web-{{{i + 1}}}, labels: {kubernetes.io/service-name: web}}
            addressType: {{{type}}}
            ports: [{port: 8080}]
            endpoints: [{{{endpoints}}}]
            """;
    }));
}
