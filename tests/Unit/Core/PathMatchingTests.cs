using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// Which rule a request gets, by hand from the Kubernetes documentation ("Ingress": path types, examples, multiple matches, hostname wildcards) and
/// from the Ingress conformance features. Rules are looked up as the bootstrap looks them up.
/// </summary>
public class PathMatchingTests
{
    /// <summary>The documentation's table: type, paths, request path, the path that matches (null for none).</summary>
    public static TheoryData<string, string, string, string?> Documented => new()
    {
        { "Prefix", "/", "/any/path", "/" },
        { "Prefix", "/", "/", "/" },
        { "Exact", "/foo", "/foo", "/foo" },
        { "Exact", "/foo", "/bar", null },
        { "Exact", "/foo", "/foo/", null },
        { "Exact", "/foo/", "/foo", null },
        { "Exact", "/foo/", "/foo/", "/foo/" },
        { "Exact", "/", "/", "/" },
        { "Exact", "/", "/foo", null },
        { "Prefix", "/foo", "/foo", "/foo" },
        { "Prefix", "/foo", "/foo/", "/foo" },
        { "Prefix", "/foo/", "/foo", "/foo/" },
        { "Prefix", "/foo/", "/foo/", "/foo/" },
        { "Prefix", "/aaa/bb", "/aaa/bbb", null },
        { "Prefix", "/aaa/bbb", "/aaa/bbb", "/aaa/bbb" },
        { "Prefix", "/aaa/bbb/", "/aaa/bbb", "/aaa/bbb/" },
        { "Prefix", "/aaa/bbb", "/aaa/bbb/", "/aaa/bbb" },
        { "Prefix", "/aaa/bbb", "/aaa/bbb/ccc", "/aaa/bbb" },
        { "Prefix", "/aaa/bbb", "/aaa/bbbxyz", null },
        { "Prefix", "/ /aaa", "/aaa/ccc", "/aaa" },
        { "Prefix", "/ /aaa /aaa/bbb", "/aaa/bbb", "/aaa/bbb" },
        { "Prefix", "/ /aaa /aaa/bbb", "/ccc", "/" },
        { "Prefix", "/aaa", "/ccc", null },
        { "Prefix", "/foo", "/FOO", null },
        { "Exact", "/foo", "/FOO", null },
        { "Prefix", "/aaa", "/aaaccc", null },
        { "Prefix", "/aaa/bbb /aaa", "/aaa/ccc", "/aaa" },
        { "ImplementationSpecific", "/foo", "/foo/bar", "/foo" },
        { "ImplementationSpecific", "/foo", "/foobar", null },
        { "ImplementationSpecific", "", "/any", "" },
        { "Prefix", "", "/any", "" },
    };

    /// <summary>Rules of several kinds on one host, in the order of the Ingress: request path, the rule that is used.</summary>
    public static TheoryData<string, string, string?> Mixed => new()
    {
        { "Prefix/foo Exact/foo", "/foo", "Exact/foo" },
        { "Prefix/foo Exact/foo", "/foo/", "Prefix/foo" },
        { "Prefix/foo Exact/foo", "/foo/bar", "Prefix/foo" },
        { "Prefix/foo Exact/foo/", "/foo/", "Exact/foo/" },
        { "Prefix/foo Exact/foo/", "/foo/bar", "Prefix/foo" },
        { "Prefix/ Exact/", "/", "Exact/" },
        { "Prefix/ Exact/", "/x", "Prefix/" },
        { "Prefix/foo/bar Exact/foo", "/foo", "Exact/foo" },
        { "Prefix/foo/bar Exact/foo", "/foo/bar/baz", "Prefix/foo/bar" },
        { "ImplementationSpecific/foo Prefix/foo/bar", "/foo/bar", "Prefix/foo/bar" },
        { "Exact/a%20b Prefix/a b", "/a%20b", "Exact/a%20b" },
        { "Exact/caf\u00e9", "/caf%C3%A9", "Exact/caf\u00e9" },
        { "Prefix/%61dmin", "/admin/x", "Prefix/%61dmin" },
    };

    /// <summary>Rules' hosts, the request's, and the host of the rule that is used.</summary>
    public static TheoryData<string, string, string?> Hosts => new()
    {
        { "*.foo.com foo.bar.com", "foo.bar.com", "foo.bar.com" },
        { "*.foo.com foo.bar.com", "subdomain.bar.com", null },
        { "*.foo.com foo.bar.com", "bar.foo.com", "*.foo.com" },
        { "*.foo.com foo.bar.com", "baz.bar.foo.com", null },
        { "*.foo.com foo.bar.com", "foo.com", null },
        { "*.foo.com bar.foo.com", "bar.foo.com", "bar.foo.com" },
        { "*.foo.com (none)", "bar.foo.com", "*.foo.com" },
        { "*.foo.com (none)", "foo.com", "(none)" },
        { "foo.com (none)", "other.com", "(none)" },
        { "foo.com", "FOO.com:8080", "foo.com" },
        { "foo.com", "foo.com.", "foo.com" },
        { "Foo.Com", "foo.com", "Foo.Com" },
        { "(none)", "", "(none)" },
        { "*.com", "foo.com", "*.com" },
        { "*.com", "com", null },
    };

    [Theory]
    [MemberData(nameof(Documented))]
    public void Paths_match_as_the_Kubernetes_documentation_says(string type, string paths, string request, string? matched) =>
        Assert.Equal(matched, Matched([.. paths.Split(' ').Select(path => ("(none)", type, path))], "foo.example", request)?.Path);

    [Theory]
    [MemberData(nameof(Mixed))]
    public void An_exact_path_comes_first_and_then_the_longer_one(string rules, string request, string? used)
    {
        var parsed = System.Text.RegularExpressions.Regex.Split(rules, " (?=[A-Z])").Select(rule => rule.Split('/', 2)).Select(parts => ("foo.example", parts[0], "/" + parts[1]));
        var match = Matched([.. parsed], "foo.example", request);
        Assert.Equal(used, match is { } found ? found.Type + found.Path : null);
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_wildcard_host_covers_one_label_and_yields_to_the_exact_host(string rules, string host, string? used) =>
        Assert.Equal(used, Matched([.. rules.Split(' ').Select(rule => (rule, "Prefix", "/"))], host, "/")?.Host);

    [Fact]
    public void A_path_that_a_host_does_not_serve_is_looked_for_under_its_wildcard_and_then_under_no_host()
    {
        (string, string, string)[] rules = [("a.foo.com", "Prefix", "/one"), ("*.foo.com", "Prefix", "/two"), ("(none)", "Prefix", "/three")];
        Assert.Equal("a.foo.com", Matched(rules, "a.foo.com", "/one")?.Host);
        Assert.Equal("*.foo.com", Matched(rules, "a.foo.com", "/two")?.Host);
        Assert.Equal("(none)", Matched(rules, "a.foo.com", "/three")?.Host);
        Assert.Null(Matched(rules, "a.foo.com", "/four"));
    }

    [Theory]
    [InlineData("my-host", "/")]
    [InlineData("my-host", "/sub-path")]
    [InlineData("", "/resource")]
    public void A_default_backend_without_rules_has_every_request(string host, string path)
    {
        const string backend = "{service: {name: echo, port: {number: 8080}}}";
        const string ingress = $"{{kind: Ingress, metadata: {{name: only}}, spec: {{ingressClassName: ours, defaultBackend: {backend}}}}}";
        var wanted = DesiredState.Of(Manifests.Cluster(ingress), Ours);
        Assert.Equal("http:shop:echo:8080", Lookup.Find(Stages.Routes(wanted.Model), host, path));
    }

    [Theory]
    [InlineData("foo.example", "/foo/bar", "http:shop:rule:80")]
    [InlineData("foo.example", "/bar", "http:shop:fallback:80")]
    [InlineData("other.example", "/foo", "http:shop:fallback:80")]
    public void A_default_backend_has_what_no_rule_matches(string host, string path, string backend)
    {
        var wanted = DesiredState.Of(Manifests.Cluster("""
            kind: Ingress
            metadata: {name: both}
            spec:
              ingressClassName: ours
              defaultBackend: {service: {name: fallback, port: {number: 80}}}
              rules: [{host: foo.example, http: {paths: [{path: /foo, pathType: Prefix, backend: {service: {name: rule, port: {number: 80}}}}]}}]
            """), Ours);
        Assert.Equal(backend, Lookup.Find(Stages.Routes(wanted.Model), host, path));
    }

    [Fact]
    public void A_path_that_HAProxy_could_not_tell_from_another_is_a_finding_and_all_else_is_served()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('h', 61), 4));
        var most = "/" + new string('p', RoutePath.MaximumLength - host.Length - 1);
        var wanted = DesiredState.Of(Manifests.Cluster($$"""
            kind: Ingress
            metadata: {name: long}
            spec:
              ingressClassName: ours
              rules:
              - host: {{host}}
                http:
                  paths:
                  - {path: {{most}}q, pathType: Exact, backend: {service: {name: lost, port: {number: 80} } } }
                  - {path: {{most}}, pathType: Prefix, backend: {service: {name: kept, port: {number: 80} } } }
            """), Ours);

        var finding = Assert.Single(wanted.Findings, finding => finding.Reason == "InvalidPath");
        Assert.StartsWith("spec.rules[0].http.paths[0].path '/ppp", finding.Message, StringComparison.Ordinal);
        Assert.Contains(
            "has 1281 bytes with its host, percent-encoded, and proxies tell no more than 1280 apart",
            finding.Message,
            StringComparison.Ordinal);
        var keys = Stages.Routes(wanted.Model).Keys;
        Assert.Equal(3, keys.Count);
        Assert.All(keys, key => Assert.InRange(key.Length, 1, HAProxyRoutes.MaximumKeyLength));
        Assert.Equal("http:shop:kept:80", Lookup.Find(Stages.Routes(wanted.Model), host, most + "/" + new string('r', 8000)));
    }

    internal static RoutingOptions Ours { get; } = new() { ClassNames = ["ours"] };

    /// <summary>The rule that a request gets; each rule has a Service of its own.</summary>
    private static (string Host, string Type, string Path)? Matched((string Host, string Type, string Path)[] rules, string host, string path)
    {
        var written = rules.Select((rule, i) => $"{{host: '{(rule.Host == "(none)" ? "" : rule.Host)}', http: {{paths: [{{path: '{rule.Path}', pathType: {rule.Type}, "
            + $"backend: {{service: {{name: s{i}, port: {{number: 80}}}}}}}}]}}}}");
        var ingress = "kind: Ingress\nmetadata: {name: rules}\nspec: {ingressClassName: ours, rules: [" + string.Join(", ", written) + "]}";
        var wanted = DesiredState.Of(Manifests.Cluster(ingress), Ours);
        Assert.DoesNotContain(wanted.Findings, finding => finding.Reason != "ServiceNotFound");
        var backend = Lookup.Find(Stages.Routes(wanted.Model), host, path);
        return backend is null ? null : rules[int.Parse(backend.Split(':')[2].AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];
    }
}
