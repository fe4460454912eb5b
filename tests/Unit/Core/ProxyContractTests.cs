using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What a bootstrap states is read, whatever it is, and said where it is not this release's.</summary>
public sealed class ProxyContractTests
{
    private const string Stated = "ingress-reconciler contract=1 profiles=http maps=virt@routes,virt@state";

    [Fact]
    public void A_statement_is_read()
    {
        var contract = ProxyContract.Read($"{Stated},virt@x abilities=ready,probe colours=red,GREEN", ProxyRole.Ingress);
        Assert.Equal(new(1, ["http"], ["virt@routes", "virt@state", "virt@x"], ["ready", "probe"]), contract);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("the proxies of the shop")]
    [InlineData("ingress-reconcilers contract=1")]
    public void Who_states_nothing_has_contract_0(string? description)
    {
        var contract = ProxyContract.Read(description, ProxyRole.Edge);
        Assert.Equal(ProxyContract.Unstated(ProxyRole.Edge), contract);
        Assert.Equal((0, true), (contract.Number, contract.IsWhole(ProxyRole.Edge)));
        Assert.Equal(
            "has a bootstrap with contract 0, older than this release's 1; it lacks nothing that this release uses",
            contract.Notice(ProxyRole.Edge));
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "ingress-reconciler ", "its number is not between 1 and 999999" },
        { "ingress-reconciler contract=0 profiles=http maps=virt@routes,virt@state", "its number is not" },
        { "ingress-reconciler contract=-1 profiles=http maps=virt@routes,virt@state", "its number is not" },
        { "ingress-reconciler contract=1e3 profiles=http maps=virt@routes,virt@state", "its number is not" },
        { "ingress-reconciler contract=99999999999999999999 profiles=http maps=virt@routes,virt@state", "its number is not" },
        { $"{Stated} contract=2", "'contract=2' is no field" },
        { $"{Stated} and more", "'and' is no field" },
        { $"{Stated} a=b=c", "'a=b=c' is no field" },
        { $"{Stated} abilities=ready,,probe", "'' is no name of a part" },
        { $"{Stated} abilities=Ready", "'Ready' is no name" },
        { $"{Stated} abilities=\u001b[31mred", "'\uFFFD[31mred' is no name" },
        { $"{Stated} abilities=re\u202eady\r", "is no name" },
        { $"{Stated} abilities={new string('a', 65)}", "is no name" },
        { $"{Stated} abilities={new string('a', 1_000)}", "it has more than 1000 characters" },
        { "ingress-reconciler contract=1 profiles=http maps=virt@routes", "no proxy of ours is without the maps virt@routes and" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_cannot_be_read_is_contract_0_and_says_why(string description, string why)
    {
        var contract = ProxyContract.Read(description, ProxyRole.Ingress);
        Assert.Equal(ProxyContract.Unstated(ProxyRole.Ingress) with { Unread = contract.Unread }, contract);
        Assert.False(contract.IsWhole(ProxyRole.Ingress));
        var notice = contract.Notice(ProxyRole.Ingress)!;
        Assert.StartsWith(
            "states a contract in its bootstrap that cannot be read, and is taken for contract 0 (", notice, StringComparison.Ordinal);
        Assert.Contains(why, notice, StringComparison.Ordinal);
        Assert.Contains("correct the line 'description' of the bootstrap", notice, StringComparison.Ordinal);
        Assert.DoesNotContain(notice, c => char.IsControl(c) || c is '\u202e');
        Assert.InRange(notice.Length, 0, 1_000);
    }

    [Fact]
    public void What_an_older_bootstrap_lacks_is_said_with_what_to_do() => Assert.Equal(
        "has a bootstrap with contract 1, as old as this release's 1; it lacks map virt@proxy-sources (no PROXY header is believed), "
        + "map virt@forwarders (what other proxies say of a client is dropped), "
        + "ability certificates (no certificate but the bootstrap's own is shown), "
        + "ability link-id (pods are not told the private link), ability no-route (503 is answered instead of 404 where a host ends): "
        + "roll the proxy to the bootstrap of this release",
        ProxyContract.Read($"{Stated} abilities=ready,probe", ProxyRole.Ingress).Notice(ProxyRole.Ingress));

    [Fact]
    public void What_a_newer_bootstrap_has_is_said_and_not_used()
    {
        var known = ProxyContract.Known(ProxyRole.Ingress);
        var newer = known with { Number = 99, Profiles = ["http", "grpc"], Maps = [.. known.Maps, "virt@weights"] };
        Assert.Equal(
            "has a bootstrap with contract 99, newer than this release's 1; what both know is used, and not profile grpc, "
            + "map virt@weights; it lacks nothing that this release uses",
            newer.Notice(ProxyRole.Ingress));
        Assert.True(newer.IsWhole(ProxyRole.Ingress));
        Assert.EndsWith(
            "it lacks profile http (no backend can be made): update the function to the release that this bootstrap is of",
            (newer with { Profiles = ["grpc"] }).Notice(ProxyRole.Ingress),
            StringComparison.Ordinal);
    }

    [Fact]
    public void This_releases_bootstrap_is_not_spoken_of()
    {
        Assert.Null(ProxyContract.Known(ProxyRole.Ingress).Notice(ProxyRole.Ingress));
        Assert.Null(ProxyContract.Known(ProxyRole.Edge).Notice(ProxyRole.Edge));
    }
}
