using IngressReconciler.Proxies;
using IngressReconciler.Routing;
using IngressReconciler.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>What an operator says of the edge: taken, or refused with the setting's name and what is expected.</summary>
public class EdgeSettingsTests
{
    private const string ScaleSet = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-edge";

    [Fact]
    public void Everything_of_an_edge_of_proxies()
    {
        var cluster = Read(
            ("EdgeShape", "privateLink"), ("EdgeSources", "10.0.2.0/24,fd00:2::/64"), ("Edges", "edge-a=10.0.2.4:9443"), ("EdgeScaleSet", ScaleSet), ("EdgeProbePorts", "1480, 1481"),
            ("ProxyService", "ingress/proxies"), ("ConfigMap", "ingress-nginx/controller"), ("PrivateLinkIdHeader", "true"), ("ManagementEndpoint", "https://management.example"));
        Assert.Equal(new(EdgeShape.PrivateLink, ["10.0.2.0/24", "fd00:2::/64"]), cluster.Routing.Edge);
        Assert.Equal(("edge-a", ProxyRole.Edge), (Assert.Single(cluster.Proxies).Name, cluster.Proxies[0].Role));
        Assert.Equal("vmss-edge", cluster.EdgeScaleSet!.Name);
        Assert.Equal(new(1480, 1481), cluster.EdgeProbePorts);
        Assert.Equal("Service ingress/proxies", cluster.Routing.ProxyService.ToString());
        Assert.Equal("ConfigMap ingress-nginx/controller", cluster.Routing.ConfigMap.ToString());
        Assert.True(cluster.Routing.Settings.ProxyProtocol.LinkId);
        Assert.Equal(new("https://management.example/"), cluster.ManagementEndpoint);
    }

    [Fact]
    public void Nothing_is_known_of_an_edge_that_nobody_speaks_of()
    {
        var cluster = Read(("ProxyNamespace", "other"));
        Assert.Null(cluster.Routing.Edge);
        Assert.Null(cluster.OpenEdge());
        Assert.Equal("Service other/ingress-proxy", cluster.Routing.ProxyService.ToString());
    }

    [Theory]
    [InlineData("EdgeShape", "both", "loadBalancer, haproxy or privateLink")]
    [InlineData("EdgeSources", "10.0.2.1", "EdgeSources")]
    [InlineData("Edges", "10.0.2.4:9443", "name=host:port")]
    [InlineData("Edges", "e=10.0.2.4:9443,e=10.0.2.5:9443", "used twice")]
    [InlineData("EdgeScaleSet", "vmss-edge", "resource id of a scale set")]
    [InlineData("EdgeScaleSet", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/one", "resource id of a scale set")]
    [InlineData("EdgeProbePorts", "8480", "two ports")]
    [InlineData("EdgeProbePorts", "8480,0", "two ports")]
    [InlineData("ManagementEndpoint", "http://management.example", "https URL")]
    [InlineData("ProxyService", "proxies", "namespace/name")]
    [InlineData("PrivateLinkIdHeader", "yes", "PrivateLinkIdHeader")]
    public void What_cannot_be_used_is_named(string name, string value, string expected)
    {
        var refusal = Assert.Throws<SettingException>(() => Read(("EdgeShape", "haproxy"), (name, value))).Message;
        Assert.Contains($"Clusters__x__{name}", refusal, StringComparison.Ordinal);
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Edges", "e=10.0.2.4:9443")]
    [InlineData("EdgeScaleSet", ScaleSet)]
    [InlineData("EdgeSources", "10.0.2.0/24")]
    public void Edge_proxies_without_an_edge_of_proxies_are_a_contradiction(string name, string value)
    {
        Assert.Contains("EdgeShape must be haproxy", Assert.Throws<SettingException>(() => Read((name, value))).Message, StringComparison.Ordinal);
        Assert.Contains("EdgeShape must be haproxy", Assert.Throws<SettingException>(() => Read(("EdgeShape", "loadBalancer"), (name, value))).Message, StringComparison.Ordinal);
    }

    private static ClusterSettings Read(params (string Name, string Value)[] settings)
    {
        // The last of a name counts.
        var values = settings.GroupBy(one => one.Name).Select(group => KeyValuePair.Create($"Clusters:x:{group.Key}", (string?)group.Last().Value));
        return ClusterSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("Clusters:x"));
    }
}
