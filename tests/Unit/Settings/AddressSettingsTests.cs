using IngressReconciler.Routing;
using IngressReconciler.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>What an operator says of the addresses that EndpointSlices may name.</summary>
public class AddressSettingsTests
{
    [Fact]
    public void Networks_and_namespaces_are_taken()
    {
        var addresses = Read(
            ("PodNetworks", "10.244.0.0/16, fd00:10::/56"), ("HostNetworkNamespaces", "monitoring,kube-system"), ("ManagedSlicesOnly", "*"));
        Assert.Equal(["10.244.0.0/16", "fd00:10::/56"], addresses.PodNetworks.Select(one => one.ToString()));
        Assert.Equal("kube-system,monitoring", $"{addresses.HostNetworkNamespaces}");
        Assert.True(addresses.HostNetworkNamespaces.Has("monitoring"));
        Assert.False(addresses.HostNetworkNamespaces.Has("shop"));
        Assert.True(addresses.ManagedSlicesOnly.Has("shop"));
    }

    [Fact]
    public void Unset_nobody_may_name_a_node_and_slices_of_every_kind_are_read()
    {
        var addresses = Read(("ReadNodes", "true"));
        Assert.Empty(addresses.PodNetworks);
        Assert.True(addresses.HostNetworkNamespaces.IsEmpty && addresses.ManagedSlicesOnly.IsEmpty);
    }

    [Fact]
    public void What_the_settings_say_of_our_own_parts_is_no_Pods()
    {
        var own = Read(
            ("Proxies", "p1=10.0.3.7:9443,p2=proxy.example:9443"), ("EdgeShape", "haproxy"), ("Edges", "e1=[fd00::7]:9443"),
            ("Addresses", "203.0.113.9,shop.example"), ("ApiServer", "https://10.0.0.1:6443"), ("ProxyNamespace", "other")).Own;
        Assert.Equal(
            ["IngressProxy 10.0.3.7", "Edge fd00::7", "Edge 203.0.113.9", "ApiServer 10.0.0.1"],
            own.Select(one => $"{one.Owner} {one.Address}"));
    }

    [Theory]
    [InlineData("PodNetworks", "10.244.0.0", "PodNetworks")]
    [InlineData("PodNetworks", "pods", "PodNetworks")]
    [InlineData("HostNetworkNamespaces", "monitoring,*", "* alone for all")]
    [InlineData("HostNetworkNamespaces", "Monitoring", "no namespace's name")]
    [InlineData("ManagedSlicesOnly", "shop/web", "no namespace's name")]
    public void What_cannot_be_used_is_named(string name, string value, string expected)
    {
        var refusal = Assert.Throws<SettingException>(() => Read((name, value))).Message;
        Assert.Contains($"Clusters__x__{name}", refusal, StringComparison.Ordinal);
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
    }

    private static AddressOptions Read(params (string Name, string Value)[] settings)
    {
        const string section = "IngressReconciler:Clusters:x";
        var set = settings.Select(one => KeyValuePair.Create<string, string?>($"{section}:{one.Name}", one.Value));
        return ClusterSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(set).Build().GetSection(section)).Routing.Addresses;
    }
}
