using System.Globalization;
using IngressReconciler.Desired;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>However much is wrong with one object, few findings say so.</summary>
public sealed class FindingLimitTests
{
    private const string Class = """
        kind: IngressClass
        metadata: {name: ours, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
        spec: {controller: ingressreconciler.dev/ingress-controller}
        """;

    [Fact]
    public void An_Ingress_with_two_thousand_bad_paths_has_twenty_findings_and_a_count()
    {
        var paths = string.Join(", ", Enumerable.Range(0, 2000).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{{path: no{i}, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}")));
        var wanted = DesiredState.Of(
            Manifests.Cluster($"{Class}\n---\nkind: Ingress\nmetadata: {{name: bad}}\nspec: {{rules: [{{http: {{paths: [{paths}]}}}}]}}\n"), new());

        var findings = wanted.Findings.Where(finding => finding.Object.Name == "bad").ToArray();
        Assert.Equal(21, findings.Length);
        for (var i = 0; i < 20; i++)
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"spec.rules[0].http.paths[{i}].path"), findings[i].Message, StringComparison.Ordinal);
        Assert.Equal("MoreFindings", findings[^1].Reason);
        Assert.Contains("1,980 more", findings[^1].Message, StringComparison.Ordinal);
        Assert.Equal(Severity.Error, findings[^1].Severity);
        Assert.Equal(findings, wanted.Translation.Findings);
    }

    [Fact]
    public void A_slice_with_a_thousand_bad_addresses_has_twenty_findings_and_a_count()
    {
        var endpoints = string.Join(", ", Enumerable.Range(0, 1000).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{{addresses: [169.254.{i / 250}.{i % 250}]}}")));
        var wanted = DesiredState.Of(
            Manifests.Cluster($$$$$"""
                {{{{{Class}}}}}
                ---
                kind: Ingress
                metadata: {name: web}
                spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
                ---
                {kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}
                ---
                kind: EndpointSlice
                metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
                addressType: IPv4
                ports: [{name: "", port: 8080}]
                endpoints: [{{{{{endpoints}}}}}]
                """),
            new());

        var findings = wanted.Findings.Where(finding => finding.Object.Name == "web-1").ToArray();
        Assert.Equal(21, findings.Length);
        Assert.Contains("980 more", findings[^1].Message, StringComparison.Ordinal);
    }
}
