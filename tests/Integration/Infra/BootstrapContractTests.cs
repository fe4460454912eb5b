using System.Text.RegularExpressions;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>What the bootstraps state of themselves is what they contain, and what this release takes them for.</summary>
public sealed partial class BootstrapContractTests
{
    /// <summary>How each ability shows in the configuration.</summary>
    private static readonly (ProxyRole Role, string Ability, string Line)[] Abilities =
    [
        (ProxyRole.Ingress, "certificates", "ssl crt @traffic/default crt-list certificates"),
        (ProxyRole.Ingress, "link-id", "set-header X-Azure-Private-Link-Id %[var(sess.link)]"),
        (ProxyRole.Ingress, "no-route", "{ var(txn.backend) -m str no-route }"),
        (ProxyRole.Ingress, "probe", "path /.well-known/ingress-reconciler/probe"),
        (ProxyRole.Ingress, "ready", "path /.well-known/ingress-reconciler/ready"),
        (ProxyRole.Edge, "link-id", "set-var(sess.link)"),
        (ProxyRole.Edge, "probe", "frontend probe-http "),
    ];

    public static TheoryData<string, ProxyRole> Bootstraps => new()
    {
        { "infra/haproxy", ProxyRole.Ingress },
        { "infra/haproxy", ProxyRole.Edge },
        { "tests/Integration/Bootstraps/contract-0", ProxyRole.Ingress },
        { "tests/Integration/Bootstraps/contract-0", ProxyRole.Edge },
    };

    [Theory]
    [MemberData(nameof(Bootstraps))]
    public void A_bootstrap_has_just_what_its_contract_says(string folder, ProxyRole role)
    {
        string[] files = [$"{folder}/common.cfg", $"{folder}/{(role == ProxyRole.Edge ? "edge" : "ingress")}.cfg"];
        var lines = Comment().Replace(string.Concat(files.Select(file => File.ReadAllText(Repository.File(file)))), "");
        var stated = ProxyContract.Read(Description().Match(lines).Groups[1] is { Success: true } one ? one.Value : null, role);
        Assert.Null(stated.Unread);
        Assert.True(stated.IsWhole(role), stated.Notice(role));
        Assert.Equal(folder == "infra/haproxy" ? ProxyContract.Known(role) : ProxyContract.Unstated(role), stated);

        // A backend can be made from a section that says how servers are waited for.
        var sections = Section().Split(lines)
            .Where(text => text.StartsWith("defaults ", StringComparison.Ordinal) && text.Contains("timeout server "));
        Assert.Equal(sections.Select(text => text.Split([' ', '\n'])[1]).Order(), stated.Profiles.Order());
        var instructions = Description().Replace(lines, "");
        Assert.Equal(Map().Matches(instructions).Select(match => match.Value).Distinct().Order(), stated.Maps.Order());
        Assert.Equal(
            Abilities.Where(row => row.Role == role && lines.Contains(row.Line)).Select(row => row.Ability), stated.Abilities.Order());
    }

    [Fact]
    public void A_bootstrap_that_changes_what_it_offers_raises_the_number()
    {
        // What contract 1 is, for good: change these lines only with a new number.
        Assert.Equal(1, ProxyContract.Newest);
        Assert.Equal(
            "http | virt@routes virt@proxy-sources virt@forwarders virt@state | certificates link-id no-route probe ready",
            Text(ProxyContract.Known(ProxyRole.Ingress)));
        Assert.Equal("tcp | virt@routes virt@state | link-id probe", Text(ProxyContract.Known(ProxyRole.Edge)));

        static string Text(ProxyContract contract) =>
            string.Join(" | ", new[] { contract.Profiles, contract.Maps, contract.Abilities }.Select(names => string.Join(' ', names)));
    }

    [GeneratedRegex(@"(?m)^\s*#.*$|\s#\s.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?m)^\s+description (.*?)\s*$")]
    private static partial Regex Description();

    [GeneratedRegex(@"(?m)^(?=\S)")]
    private static partial Regex Section();

    [GeneratedRegex(@"virt@[a-z-]+")]
    private static partial Regex Map();
}
