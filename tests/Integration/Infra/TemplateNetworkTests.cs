using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>How connections go in each of the edge's shapes: all of them, written out. <see cref="TemplateMutationTests"/> shows that each line counts.</summary>
public sealed class TemplateNetworkTests
{
    [Fact]
    public void Behind_a_load_balancer_nodes_take_clients_at_their_ports_without_a_header() => Hold(
        "loadBalancer",
        """
        snet-function 10.240.0.0/26 behind nsg-function for Microsoft.App/environments
        snet-nodes 10.241.0.0/20 behind nsg-nodes out by ng
        nsg-function: Deny Inbound * * -> *
        nsg-nodes: Allow Inbound Tcp Internet -> 30080 30443
        nsg-nodes: Allow Inbound Tcp AzureLoadBalancer -> 30080 30443
        nsg-nodes: Allow Inbound Tcp 10.240.0.0/26 -> 9443
        nsg-nodes: Allow Inbound * 10.241.0.0/20 -> *
        nsg-nodes: Allow Inbound * 10.244.0.0/16 -> *
        nsg-nodes: Deny Inbound * * -> *
        lbe Standard: listens at pip
        lbe Standard: pool nodes of 10.241.0.4 10.241.0.5 10.241.0.6
        lbe Standard: Tcp 80 -> 30080 of nodes if Tcp 30080, floating false, reset true, source translation off true
        lbe Standard: Tcp 443 -> 30443 of nodes if Tcp 30443, floating false, reset true, source translation off true
        pip-outbound StandardV2 Static in zones 
        pip Standard Static in zones 1 2 3
        nodes: no public address, opened to the internet: 30080 30443, out by userAssignedNATGateway
        """);

    [Fact]
    public void Edge_machines_take_clients_and_nodes_take_the_edge() => Hold(
        "haproxy",
        """
        snet-function 10.240.0.0/26 behind nsg-function for Microsoft.App/environments
        snet-edge 10.240.0.64/26 behind nsg-edge out by ng
        snet-nodes 10.241.0.0/20 behind nsg-nodes out by ng
        nsg-function: Deny Inbound * * -> *
        nsg-edge: Allow Inbound Tcp Internet -> 80 443
        nsg-edge: Allow Inbound Tcp AzureLoadBalancer -> 8405
        nsg-edge: Allow Inbound Tcp 10.240.0.0/26 -> 9443 8480 8481
        nsg-edge: Deny Inbound * * -> *
        nsg-nodes: Allow Inbound Tcp 10.240.0.64/26 -> 30080 30443 30081 30444
        nsg-nodes: Allow Inbound Tcp 10.240.0.0/26 -> 9443
        nsg-nodes: Allow Inbound * 10.241.0.0/20 -> *
        nsg-nodes: Deny Inbound * * -> *
        lbe Standard: listens at pip
        lbe Standard: pool edge of network interfaces
        lbe Standard: Tcp 80 -> 80 of edge if Http 8405/readyz, floating false, reset true, source translation off true
        lbe Standard: Tcp 443 -> 443 of edge if Http 8405/readyz, floating false, reset true, source translation off true
        pip-outbound StandardV2 Static in zones 
        pip Standard Static in zones 1 2 3
        machines: no public address
        nodes: no public address, opened to the internet: , out by userAssignedNATGateway
        3 in zones 1 2 3, Uniform
        TrustedLaunch, secure boot true, TPM true
        healthy if /Microsoft.Network/loadBalancers/lbe/probes/ready
        Rolling, new before old true
        snet-edge in /Microsoft.Network/loadBalancers/lbe/backendAddressPools/edge
        """);

    [Fact]
    public void Private_Link_s_connections_begin_with_a_header_and_go_where_one_is_taken() => Hold(
        "privateLink",
        """
        snet-function 10.240.0.0/26 behind nsg-function for Microsoft.App/environments
        snet-edge 10.240.0.64/26 behind nsg-edge out by ng
        snet-private-link 10.240.0.128/26 behind nsg-private-link Private Link policies Disabled
        nsg-function: Deny Inbound * * -> *
        nsg-edge: Allow Inbound Tcp 10.240.0.128/26 -> 8080 8443
        nsg-edge: Allow Inbound Tcp AzureLoadBalancer -> 8405
        nsg-edge: Allow Inbound Tcp 10.240.0.0/26 -> 9443 8480 8481
        nsg-edge: Deny Inbound * * -> *
        nsg-private-link: Deny Inbound * * -> *
        lbi Standard: listens at snet-edge
        lbi Standard: pool edge of network interfaces
        lbi Standard: Tcp 80 -> 8080 of edge if Http 8405/readyz, floating false, reset true, source translation off unset
        lbi Standard: Tcp 443 -> 8443 of edge if Http 8405/readyz, floating false, reset true, source translation off unset
        pip-outbound StandardV2 Static in zones 
        machines: no public address
        3 in zones 1 2 3, Uniform
        TrustedLaunch, secure boot true, TPM true
        healthy if /Microsoft.Network/loadBalancers/lbi/probes/ready
        Rolling, new before old true
        snet-edge in /Microsoft.Network/loadBalancers/lbi/backendAddressPools/edge
        PROXY true, from snet-private-link to lbi, seen by 00000000-0000-0000-0000-000000000002, unasked 00000000-0000-0000-0000-000000000002
        """);

    [Fact]
    public void Ports_of_nodes_are_those_of_the_Service()
    {
        var ports = YamlDocuments.Read(File.ReadAllText(Repository.File("infra/kubernetes/base/proxy-service.yaml")))
            .Single().Content.Items("spec.ports").ToDictionary(port => port.Text("name")!, port => port.Number("nodePort"));

        Assert.Equal([ports["http"], ports["https"]], TemplateNetwork.Rules(Template.Of("loadBalancer")).Select(rule => rule.Number("backendPort")));
        Assert.Equal([ports["http"], ports["https"], ports["http-proxy"], ports["https-proxy"]], TemplateNetwork.Opened(Template.Of("haproxy"), "nsg-nodes", "Edge"));
    }

    private static void Hold(string shape, string expected)
    {
        var template = Template.Of(shape);
        Assert.Equal(expected.Split('\n'), TemplateNetwork.All.SelectMany(facts => facts(template)));
    }
}
