using IngressReconciler.Desired;
using IngressReconciler.Doctor;
using IngressReconciler.Routing;
using IngressReconciler.Settings;
using IngressReconciler.Tests.Unit.Core;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>What an operator says of hosts: taken, refused with the setting's name, or warned of.</summary>
public class HostSettingsTests
{
    [Fact]
    public void Hosts_have_owners_unless_the_operator_shares_them()
    {
        Assert.False(Read().IsShared);
        Assert.False(Read(("HostOwnership", "namespace")).IsShared);
        Assert.True(Read(("HostOwnership", "shared")).IsShared);
    }

    [Fact]
    public void Hosts_are_listed_by_namespace()
    {
        var hosts = Read(("Hosts", "shop=Shop.example, team-a=*.team-a.example,team-a=shop.example , ops=*"));
        Assert.Equal(["shop", "team-a"], hosts.ListedFor("shop.example")!.Value);
        Assert.Equal(["team-a"], hosts.ListedFor("x.y.team-a.example")!.Value);
        Assert.Equal(["ops"], hosts.ListedFor("*")!.Value);
        Assert.Null(hosts.ListedFor("other.example"));
    }

    [Theory]
    [InlineData("HostOwnership", "everybody", "expected namespace or shared")]
    [InlineData("Hosts", "shop.example", "expected namespace=host")]
    [InlineData("Hosts", "shop=", "expected namespace=host")]
    [InlineData("Hosts", "Not_a_label=shop.example", "expected namespace=host")]
    [InlineData("Hosts", "shop=shop.*", "is not a DNS name")]
    [InlineData("Hosts", "shop=10.0.0.1", "is an IP address")]
    public void What_cannot_be_used_is_named(string name, string value, string expected)
    {
        var refusal = Assert.Throws<SettingException>(() => Read((name, value))).Message;
        Assert.Contains($"Clusters__x__{name}", refusal, StringComparison.Ordinal);
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_without_owners_is_a_contradiction() => Assert.Contains(
        "unset one of the two",
        Assert.Throws<SettingException>(() => Read(("HostOwnership", "shared"), ("Hosts", "shop=shop.example"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Doctor_warns_of_shared_hosts_only()
    {
        Assert.Equal(CheckState.Warning, Judge(HostOwnership.Shared).State);
        Assert.Equal(CheckState.Ok, Judge(HostOwnership.ByAge).State);

        static Check Judge(HostOwnership ownership) => OwnershipChecks.Judge("c", DesiredState.Of(
            Manifests.Cluster([]), new RoutingOptions { Ownership = ownership }));
    }

    private static HostOwnership Read(params (string Name, string Value)[] settings)
    {
        var values = settings.Select(one => KeyValuePair.Create($"Clusters:x:{one.Name}", (string?)one.Value));
        return ClusterSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("Clusters:x"))
            .Routing.Ownership;
    }
}
