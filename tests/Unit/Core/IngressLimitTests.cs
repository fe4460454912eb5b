using IngressReconciler.Desired;
using IngressReconciler.Routing;
using Xunit;
using static IngressReconciler.Tests.Unit.Core.Tenants;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>One Ingress may ask for so much, and no more: the rest is left out and told, and all before it is served.</summary>
public class IngressLimitTests
{
    [Fact]
    public void Rules_and_paths()
    {
        var wanted = One($"rules: [{Rules(1001, i => Rule($"h{i}.example", "/"))}]");
        Assert.Equal(("n", null), (wanted.Answers("h999.example"), wanted.Answers("h1000.example")));
        Assert.Contains("Error TooMuch", wanted.Reasons("n", "i"));
        Assert.Contains(wanted.Findings, one => one.Message
            == "spec.rules[1000] and all after it are left out: one Ingress may have 1,000 rules in all. Split it into several Ingresses.");

        wanted = One($"rules: [{Rule("a.example", Paths(1500))}, {Rule("b.example", Paths(501))}, {Rule("c.example", "/")}]");
        Assert.Equal(("n", null), (wanted.Answers("b.example", "/p499"), wanted.Answers("b.example", "/p500")));
        Assert.Null(wanted.Answers("c.example"));
        Assert.Contains(wanted.Findings, one => one.Message.StartsWith(
            "spec.rules[1].http.paths[500] and all after it are left out: one Ingress may have 2,000 paths", StringComparison.Ordinal));
    }

    [Fact]
    public void Certificates()
    {
        var wanted = One($"tls: [{Rules(501, i => $"{{hosts: [h{i}.example], secretName: t}}")}]");
        Assert.Equal(("t", null), (wanted.Shown("h499.example")?.Name, wanted.Shown("h500.example")?.Name));
        wanted = One($"tls: [{{hosts: [{Rules(1001, i => $"h{i}.example")}], secretName: t}}]");
        Assert.Equal(("t", null), (wanted.Shown("h999.example")?.Name, wanted.Shown("h1000.example")?.Name));
        Assert.Contains(wanted.Findings, one => one.Message.StartsWith("spec.tls[0].hosts[1000]", StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_guard_is_for_is_closed_beyond_the_limit_too()
    {
        var guarded = Ingress("n", "i", 2, $"rules: [{Rule("a.example", Paths(2001))}]").Replace(
            "creationTimestamp",
            "annotations: {nginx.ingress.kubernetes.io/auth-type: basic}, creationTimestamp",
            StringComparison.Ordinal);
        var wanted = Wanted(HostOwnership.ByAge, guarded + Ingress("n", "open", 1, $"rules: [{Rule(null, "/")}]"));
        Assert.Equal("-", wanted.Answers("a.example", "/p2000"));
    }

    [Fact]
    public void At_the_limit_nothing_is_told() => Assert.DoesNotContain(
        "Error TooMuch", One($"rules: [{Rules(1000, i => Rule($"h{i}.example", "/a", "/b"))}]").Reasons("n", "i"));

    private static DesiredState One(string spec) => Wanted(HostOwnership.ByAge, Ingress("n", "i", 1, spec));

    private static string[] Paths(int count) => [.. Enumerable.Range(0, count).Select(i => $"/p{i}")];

    private static string Rules(int count, Func<int, string> one) => string.Join(", ", Enumerable.Range(0, count).Select(one));
}
