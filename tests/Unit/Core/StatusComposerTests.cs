using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Status;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Which Ingress should say what.</summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 150)]
public class StatusComposerTests
{
    private const string Rule = "rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]";

    private static readonly ValueList<LoadBalancerAddress> Edge = [new("192.0.2.7", null), new(null, "edge.example")];

    public static TheoryData<string, string, string?> Cases => new()
    {
        { "nothing said yet", $"spec: {{ingressClassName: ours, {Rule}}}", "edge" },
        { "an empty status", $"status: {{loadBalancer: {{}}}}\nspec: {{ingressClassName: ours, {Rule}}}", "edge" },
        { "the same is said", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7}}, {{hostname: edge.example}}]}}}}\nspec: {{ingressClassName: ours, {Rule}}}", null },
        { "the same with empty fields", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7, hostname: \"\"}}, {{ip: \"\", hostname: edge.example}}]}}}}\nspec: {{ingressClassName: ours, {Rule}}}", null },
        { "one is missing", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7}}]}}}}\nspec: {{ingressClassName: ours, {Rule}}}", "edge" },
        { "one too many", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7}}, {{hostname: edge.example}}, {{ip: 192.0.2.8}}]}}}}\nspec: {{ingressClassName: ours, {Rule}}}", "edge" },
        { "a name where an address was", $"status: {{loadBalancer: {{ingress: [{{hostname: 192.0.2.7}}, {{hostname: edge.example}}]}}}}\nspec: {{ingressClassName: ours, {Rule}}}", "edge" },
        { "somebody else's, and ours now", $"status: {{loadBalancer: {{ingress: [{{ip: 198.51.100.1}}]}}}}\nspec: {{ingressClassName: ours, {Rule}}}", "edge" },
        { "served without pods", $"spec: {{ingressClassName: ours, {Rule.Replace("name: s", "name: nowhere", StringComparison.Ordinal)}}}", "edge" },
        { "a default backend alone", "spec: {ingressClassName: ours, defaultBackend: {service: {name: s, port: {number: 80}}}}", "edge" },
        { "rejected entirely", $"spec: {{ingressClassName: ours, {Rule.Replace("a.example", "'not a host'", StringComparison.Ordinal)}}}", null },
        { "rejected, and was served", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7}}, {{hostname: edge.example}}]}}}}\nspec: {{ingressClassName: ours, {Rule.Replace("a.example", "'not a host'", StringComparison.Ordinal)}}}", "nothing" },
        { "TLS alone", "spec: {ingressClassName: ours, tls: [{hosts: [a.example], secretName: t}]}", null },
        { "closed", $"spec: {{ingressClassName: ours, {Rule}}}", null },
        {
            "closed, and was served",
            "status: {loadBalancer: {ingress: [{ip: 192.0.2.7}, {hostname: edge.example}]}}\n"
            + $"spec: {{ingressClassName: ours, {Rule}}}",
            "nothing"
        },
        { "foreign", $"spec: {{ingressClassName: theirs, {Rule}}}", null },
        { "foreign with another address", $"status: {{loadBalancer: {{ingress: [{{ip: 198.51.100.1}}]}}}}\nspec: {{ingressClassName: theirs, {Rule}}}", null },
        { "foreign with one of ours", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7}}]}}}}\nspec: {{ingressClassName: theirs, {Rule}}}", null },
        { "ours once", $"status: {{loadBalancer: {{ingress: [{{ip: 192.0.2.7}}, {{hostname: edge.example}}]}}}}\nspec: {{ingressClassName: theirs, {Rule}}}", "nothing" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_Ingress_is_told(string what, string ingress, string? says)
    {
        var name = what.StartsWith("closed", StringComparison.Ordinal)
            ? "i, annotations: {nginx.ingress.kubernetes.io/auth-type: basic}"
            : "i";
        var wanted = Wanted(name, ingress);
        var change = StatusComposer.Compose(wanted, Edge, [Key("i")]).SingleOrDefault();
        Assert.Equal((what, says), (what, change is null ? null : change.Addresses == Edge ? "edge" : change.Addresses.Count == 0 ? "nothing" : "something else"));
        Assert.True(change is null or { Uid: "uid-i" });
    }

    [Fact]
    public void Without_an_edge_no_status_is_touched() =>
        Assert.Empty(StatusComposer.Compose(Wanted("i", $"spec: {{ingressClassName: ours, {Rule}}}"), [], [Key("i")]));

    [Fact]
    public void Only_what_is_asked_for_is_looked_at_and_what_is_gone_is_left_out()
    {
        var wanted = Wanted("i", $"spec: {{ingressClassName: ours, {Rule}}}");
        Assert.Empty(StatusComposer.Compose(wanted, Edge, []));
        Assert.Empty(StatusComposer.Compose(wanted, Edge, [Key("gone")]));
    }

    [Fact]
    public void Who_comes_second_for_everything_it_asks_for_is_told_when_the_first_one_goes()
    {
        var both = Manifests.Resources($$"""
            kind: Ingress
            metadata: {name: first, uid: uid-first, creationTimestamp: 2026-01-01T00:00:00Z}
            spec: {ingressClassName: ours, {{Rule}}}
            ---
            kind: Ingress
            metadata: {name: second, uid: uid-second, creationTimestamp: 2026-01-02T00:00:00Z}
            spec: {ingressClassName: ours, {{Rule}}}
            """);
        var wanted = DesiredState.Of(Manifests.Cluster(both), Happenings.Options);
        Assert.Equal([Key("first")], StatusComposer.Compose(wanted, Edge, [Key("first"), Key("second")]).Select(change => change.Ingress));

        ResourceChange[] gone = [new Deleted(Key("first"), "9")];
        var (next, difference) = wanted.After(gone, Happenings.At);
        var concerned = StatusComposer.Concerned(gone, difference);
        Assert.Equal([Key("second")], StatusComposer.Compose(next, Edge, concerned).Select(change => change.Ingress));
    }

    [Fact]
    public void An_Ingress_that_asks_for_anothers_hosts_only_says_nothing()
    {
        var wanted = Tenants.Wanted(Routing.HostOwnership.ByAge, Tenants.Ingress("first", "i", 1, $"rules: [{Tenants.Rule("a.example", "/")}]")
            + Tenants.Ingress("second", "i", 2, $"rules: [{Tenants.Rule("a.example", "/more")}]"));
        Assert.Equal(["first"], StatusComposer.Compose(wanted, Edge, [.. StatusComposer.All(wanted.Cluster)]).Select(one => one.Ingress.Namespace));
    }

    /// <summary>To look at what each change concerns is to look at everything; and what is written leaves nothing to write.</summary>
    [Property]
    public void Looking_at_what_changed_misses_nothing(Happening[] log)
    {
        var wanted = Happenings.Nothing;
        var says = new Dictionary<ResourceKey, IngressStatus?>();
        foreach (var one in log.InService().Changes())
        {
            // As on an API server: whoever changes an Ingress leaves its status as it is.
            ResourceChange change = one is Applied { Resource: Ingress ingress } ? new Applied(ingress with { Status = says.GetValueOrDefault(one.Key) }) : one;
            if (change is Deleted)
                says.Remove(change.Key);
            (wanted, var difference) = wanted.After([change], Happenings.At);
            var changes = StatusComposer.Compose(wanted, Edge, StatusComposer.Concerned([change], difference));
            foreach (var written in changes)
                says[written.Ingress] = new() { LoadBalancer = new([.. written.Addresses]) };
            var version = int.Parse(change.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture);
            wanted = wanted.After(
                changes.Select(written => Written(wanted, written.Ingress, says[written.Ingress]!, version)), Happenings.At).Next;
            Assert.Empty(StatusComposer.Compose(wanted, Edge, [.. StatusComposer.All(wanted.Cluster)]));
        }
    }

    private static Applied Written(DesiredState wanted, ResourceKey key, IngressStatus status, int version)
    {
        var ingress = wanted.Cluster.Find<Ingress>(key)!;
        return new(ingress with { Status = status, Metadata = ingress.Metadata with { ResourceVersion = $"{version}" } });
    }

    private static DesiredState Wanted(string name, string rest) => DesiredState.Of(
        Manifests.Cluster(
            $"kind: Ingress\nmetadata: {{uid: uid-i, name: {name}}}\n{rest}\n---\n"
            + "kind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}"),
        Happenings.Options);

    private static ResourceKey Key(string name) => new(ResourceKind.Ingress, Manifests.Namespace, name);
}
