using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What is not read makes no difference: of what is left follows the same as of the whole.</summary>
public sealed class ReadFieldsTests
{
    public static TheoryData<string> Cases => GoldenTests.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_is_left_of_a_cluster_says_the_same(string name)
    {
        var whole = Manifests.Resources(File.ReadAllText(Path.Combine(Golden.Folder("Golden"), name, "cluster.yaml")));
        var (one, other) = (Wanted(whole), Wanted(whole.Select(ReadFields.Only)));
        Assert.Equal(Stages.Model(one.Model), Stages.Model(other.Model));
        Assert.Equal(Stages.Endpoints(one), Stages.Endpoints(other));
        Assert.Equal(Stages.Findings(one), Stages.Findings(other));
    }

    [Fact]
    public void What_is_told_by_its_name_alone_has_no_value_left()
    {
        var ingress = Manifests.Resources("""
            kind: Ingress
            metadata: {name: web, annotations: {haproxy.org/auth-secret: s, nginx.ingress.kubernetes.io/typo: s, other.example/x: s,
              nginx.ingress.kubernetes.io/auth-type: basic, kubernetes.io/ingress.class: ours}, labels: {a: b}}
            spec: {}
            """).Single();
        var left = ReadFields.Only(ingress);
        Assert.Equal(
            ["haproxy.org/auth-secret (not read)", "kubernetes.io/ingress.class ours", "nginx.ingress.kubernetes.io/auth-type basic",
                "nginx.ingress.kubernetes.io/typo (not read)"],
            left.Metadata.Annotations!.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal));
        Assert.Empty(left.Metadata.Labels!);
        Assert.Same(left, ReadFields.Only(left));
    }

    [Fact]
    public void A_key_of_the_ConfigMap_that_is_a_secret_is_told_without_its_value()
    {
        var map = new ResourceKey(ResourceKind.ConfigMap, "shop", "nginx");
        var resources = Manifests.Resources("""
            kind: ConfigMap
            metadata: {name: nginx}
            data: {ssl-session-ticket-key: c2VjcmV0, ssl-ciphers: ALL, no-such-key: c2VjcmV0}
            """);
        var wanted = DesiredState.Of(Manifests.Cluster(resources.Select(ReadFields.Only)), new() { ConfigMap = map });
        Assert.Equal(3, wanted.Findings.Count(finding => finding.Object == map));
        Assert.DoesNotContain(wanted.Findings, finding => finding.Message.Contains("c2VjcmV0", StringComparison.Ordinal));
        Assert.Contains(wanted.Findings, finding => finding.Message.Contains("ssl-session-ticket-key", StringComparison.Ordinal));
        Assert.Contains(wanted.Findings, finding => finding.Message.Contains("'ALL'", StringComparison.Ordinal));
    }

    private static DesiredState Wanted(IEnumerable<Cluster.Resources.Resource> resources) =>
        DesiredState.Of(Manifests.Cluster(resources), new());
}
