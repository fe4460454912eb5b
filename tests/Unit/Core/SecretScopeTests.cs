using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

public sealed class SecretScopeTests
{
    [Theory]
    [InlineData("true", "true", true, true)]
    [InlineData("false", "false", false, false)]
    [InlineData("shop", "shop", true, false)]
    [InlineData("shop, blog,shop", "blog,shop", true, false)]
    [InlineData("blog", "blog", false, false)]
    public void It_says_where_Secrets_are_read(string text, string shown, bool ofShop, bool ofOther)
    {
        var scope = SecretScope.Parse(text);

        Assert.Equal((shown, ofShop, ofOther), (scope.ToString(), scope.Includes("shop"), scope.Includes("other")));
        Assert.Equal(SecretScope.Parse(shown), scope);
        Assert.Equal(text != "false", scope.IsAny);
    }

    [Theory]
    [InlineData("")]
    [InlineData("shop,")]
    [InlineData("True")]
    [InlineData("*")]
    [InlineData("shop/tls")]
    public void What_is_no_namespace_is_refused(string text) =>
        Assert.Contains("expected true, false, or namespaces", Assert.Throws<FormatException>(() => SecretScope.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("false", "SecretNotReadable")]
    [InlineData("blog", "SecretNotReadable")]
    [InlineData("shop", "SecretNotFound")]
    [InlineData("true", "SecretNotFound")]
    public void A_certificate_that_nobody_may_read_is_told_with_the_right_that_is_missing(string secrets, string reason)
    {
        var state = Manifests.Cluster(
            """
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: { name: web, namespace: shop }
            spec:
              ingressClassName: ingress-reconciler
              tls: [{ hosts: [shop.example], secretName: tls }]
              rules: [{ host: shop.example, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }]
            """);
        var findings = Translation.Of(state, new() { ClassNames = ["ingress-reconciler"], Secrets = SecretScope.Parse(secrets) }).Findings
            .Where(finding => finding.Reason.StartsWith("Secret", StringComparison.Ordinal));

        var finding = Assert.Single(findings);
        Assert.Equal((reason, "web"), (finding.Reason, finding.Object.Name));
        if (reason == "SecretNotReadable")
            Assert.Equal(
                "spec.tls[0].secretName: Secret shop/tls may not be read, nor any other of its namespace. The default certificate is served. "
                + "Have the operator add the namespace to setting ReadSecrets and to infra/kubernetes/namespaces, which gives the rights there.",
                finding.Message);
    }
}
