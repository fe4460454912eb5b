using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What ingress-nginx's annotations and ConfigMap ask for and do not get is told; and what keeps anybody out closes, until it is
/// served.</summary>
public class IngressNginxSettingTests
{
    private const string Rule =
        "rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]";

    private static readonly ResourceKey ConfigMap = new(ResourceKind.ConfigMap, "ingress-nginx", "controller");

    /// <summary>The annotations in the table of docs/user-guide/nginx-configuration/annotations.md, and those that only its text
    /// has.</summary>
    private static readonly string[] Documented =
    [
        "app-root", "affinity", "affinity-mode", "affinity-canary-behavior", "auth-realm", "auth-secret", "auth-secret-type", "auth-type",
        "auth-tls-secret", "auth-tls-verify-depth", "auth-tls-verify-client", "auth-tls-error-page",
        "auth-tls-pass-certificate-to-upstream", "auth-tls-match-cn", "auth-url", "auth-cache-key", "auth-cache-duration",
        "auth-keepalive", "auth-keepalive-share-vars", "auth-keepalive-requests", "auth-keepalive-timeout", "auth-proxy-set-headers",
        "auth-snippet", "enable-global-auth", "backend-protocol", "canary", "canary-by-header", "canary-by-header-value",
        "canary-by-header-pattern", "canary-by-cookie", "canary-weight", "canary-weight-total", "client-body-buffer-size",
        "configuration-snippet", "custom-http-errors", "custom-headers", "default-backend", "enable-cors", "cors-allow-origin",
        "cors-allow-methods", "cors-allow-headers", "cors-expose-headers", "cors-allow-credentials", "cors-max-age", "force-ssl-redirect",
        "from-to-www-redirect", "http2-push-preload", "limit-connections", "limit-rps", "permanent-redirect", "permanent-redirect-code",
        "temporal-redirect", "temporal-redirect-code", "preserve-trailing-slash", "proxy-body-size", "proxy-cookie-domain",
        "proxy-cookie-path", "proxy-connect-timeout", "proxy-send-timeout", "proxy-read-timeout", "proxy-next-upstream",
        "proxy-next-upstream-timeout", "proxy-next-upstream-tries", "proxy-request-buffering", "proxy-redirect-from", "proxy-redirect-to",
        "proxy-http-version", "proxy-ssl-secret", "proxy-ssl-ciphers", "proxy-ssl-name", "proxy-ssl-protocols", "proxy-ssl-verify",
        "proxy-ssl-verify-depth", "proxy-ssl-server-name", "enable-rewrite-log", "rewrite-target", "satisfy", "server-alias",
        "server-snippet", "service-upstream", "session-cookie-change-on-failure", "session-cookie-conditional-samesite-none",
        "session-cookie-domain", "session-cookie-expires", "session-cookie-max-age", "session-cookie-name", "session-cookie-path",
        "session-cookie-samesite", "session-cookie-secure", "ssl-redirect", "ssl-passthrough", "stream-snippet", "upstream-hash-by",
        "x-forwarded-prefix", "load-balance", "upstream-vhost", "denylist-source-range", "whitelist-source-range", "proxy-buffering",
        "proxy-buffers-number", "proxy-buffer-size", "proxy-busy-buffers-size", "proxy-max-temp-file-size", "ssl-ciphers",
        "ssl-prefer-server-ciphers", "connection-proxy-header", "enable-access-log", "enable-opentelemetry",
        "opentelemetry-trust-incoming-span", "use-regex", "enable-modsecurity", "enable-owasp-core-rules", "modsecurity-transaction-id",
        "modsecurity-snippet", "mirror-request-body", "mirror-target", "mirror-host", "auth-method", "auth-signin",
        "auth-signin-redirect-param", "auth-response-headers", "auth-request-redirect", "auth-always-set-cookie", "limit-rpm",
        "limit-burst-multiplier", "limit-rate", "limit-rate-after", "limit-whitelist", "limit-allowlist", "allowlist-source-range",
        "upstream-hash-by-subset", "upstream-hash-by-subset-size", "fastcgi-index", "fastcgi-params-configmap",
        "disable-proxy-intercept-errors", "use-port-in-redirects", "relative-redirects", "opentelemetry-operation-name",
    ];

    public static TheoryData<string> Names => [.. Documented];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_documented_annotation_is_told_once_and_by_its_name(string name)
    {
        var finding = Assert.Single(Wanted($"{name}: some value").Findings);
        Assert.Equal(new(ResourceKind.Ingress, Manifests.Namespace, "i"), finding.Object);
        Assert.StartsWith(
            $"metadata.annotations['nginx.ingress.kubernetes.io/{name}'] 'some value' ", finding.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", finding.Message, StringComparison.Ordinal);
        Assert.NotEqual("SettingUnknown", finding.Reason);
        Assert.InRange(finding.Message.Length, 60, 1000);
    }

    [Theory]
    [InlineData("auth-type: basic", true)]
    [InlineData("auth-type: digest", true)]
    [InlineData("auth-type: ''", false)]
    [InlineData("auth-secret: users", false)]
    [InlineData("auth-secret: users, auth-type: basic", true)]
    [InlineData("auth-realm: Staff", false)]
    [InlineData("auth-url: 'https://auth.example/check'", true)]
    [InlineData("auth-url: nonsense", true)]
    [InlineData("auth-url: ''", false)]
    [InlineData("auth-signin: 'https://auth.example/'", false)]
    [InlineData("enable-global-auth: 'true'", false)]
    [InlineData("enable-global-auth: 'false'", false)]
    [InlineData("auth-tls-secret: shop/ca", true)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: 'on'", true)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: optional", true)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: 'off'", false)]
    [InlineData("auth-tls-verify-client: 'on'", false)]
    [InlineData("auth-tls-match-cn: CN=shop", false)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: 'off', auth-tls-match-cn: CN=shop", true)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: optional_no_ca", true)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: nonsense", true)]
    [InlineData("auth-tls-secret: ''", false)]
    [InlineData("auth-tls-verify-client: 'off'", false)]
    [InlineData("auth-tls-secret: shop/ca, auth-tls-verify-client: 'off', auth-type: basic", true)]
    [InlineData("whitelist-source-range: 10.0.0.0/8", true)]
    [InlineData("whitelist-source-range: ''", true)]
    [InlineData("whitelist-source-range: ten", true)]
    [InlineData("whitelist-source-range: '0.0.0.0/0,::/0'", false)]
    [InlineData("whitelist-source-range: '0.0.0.0/0, ::/0'", false)]
    [InlineData("whitelist-source-range: 0.0.0.0/0", false)]
    [InlineData("whitelist-source-range: '::/0'", false)]
    [InlineData("whitelist-source-range: '10.0.0.0/8,0.0.0.0/0'", false)]
    [InlineData("whitelist-source-range: '0.0.0.0/1,128.0.0.0/1'", false)]
    [InlineData("whitelist-source-range: '::/1,8000::/1'", false)]
    [InlineData("whitelist-source-range: '0.0.0.0/1,8000::/1'", true)]
    [InlineData("whitelist-source-range: 0.0.0.0/1", true)]
    [InlineData("whitelist-source-range: '0.0.0.0/0,ten'", true)]
    [InlineData("whitelist-source-range: '0.0.0.0/0', allowlist-source-range: 10.0.0.0/8", true)]
    [InlineData("allowlist-source-range: 0.0.0.0/0", false)]
    [InlineData("denylist-source-range: 10.0.0.0/8", true)]
    [InlineData("denylist-source-range: ''", true)]
    [InlineData("limit-rps: '10'", true)]
    [InlineData("limit-rps: '0'", false)]
    [InlineData("limit-rps: '-1'", false)]
    [InlineData("limit-rps: ''", false)]
    [InlineData("limit-rps: 5r/s", true)]
    [InlineData("limit-rpm: many", true)]
    [InlineData("limit-connections: '2'", true)]
    [InlineData("limit-rate: '100'", false)]
    [InlineData("satisfy: any", false)]
    [InlineData("enable-modsecurity: 'true'", true)]
    [InlineData("enable-modsecurity: 'False'", false)]
    [InlineData("enable-modsecurity: ''", false)]
    [InlineData("enable-owasp-core-rules: 'true'", true)]
    [InlineData("modsecurity-snippet: SecRuleEngine On", true)]
    [InlineData("configuration-snippet: 'deny all;'", true)]
    [InlineData("configuration-snippet: ''", false)]
    [InlineData("server-snippet: 'deny all;'", true)]
    [InlineData("auth-snippet: 'deny all;'", false)]
    [InlineData("auth-snippet: 'deny all;', auth-url: 'https://auth.example/check'", true)]
    [InlineData("configuration-snippet: 'proxy_set_header X-User $remote_user;'", true)]
    [InlineData("permanent-redirect: 'https://new.example'", true)]
    [InlineData("canary-weight: '10'", false)]
    [InlineData("canary: 'false'", false)]
    [InlineData("rewrite-target: /", false)]
    [InlineData("proxy-body-size: 8m", false)]
    [InlineData("whitelist-source-ranges: 10.0.0.0/8", false)]
    public void A_guard_closes_unless_it_lets_everybody_in(string annotations, bool closed)
    {
        var wanted = Wanted(annotations);
        var route = Assert.Single(wanted.Model.Hosts[new(IngressTranslation.Table, "a.example")].Routes);
        Assert.Equal(closed ? 0 : 1, route.Backends.Count);
        Assert.Equal(closed, wanted.Findings.Any(finding => finding is { Reason: "GuardNotEnforced", Severity: Severity.Error }));
        var backend = Assert.Single(Stages.Routes(wanted.Model).Values.Distinct());
        Assert.Equal(closed ? HAProxyRoutes.NoBackend : "http:shop:s:80", backend);
    }

    [Theory]
    [InlineData("add_header X-Frame-Options DENY;", true)]
    [InlineData("\n  # as the auditors want it\n  add_header 'X-A' \"a; b\" always;\n  expires -1;\n", true)]
    [InlineData("more_set_headers -s '200 404' \"X-Id: $req_id\";", true)]
    [InlineData("more_clear_headers Server X-Powered-By;\nproxy_hide_header X-Runtime ;", true)]
    [InlineData("add_header A b; # c", true)]
    [InlineData("add_header A b", false)]
    [InlineData("add_header A b;deny all;", false)]
    [InlineData("add_header A b;\n} location / { deny all;", false)]
    [InlineData("add_header A b # deny all\n;", false)]
    [InlineData("add_header A \"b\\\"; deny all; \\\"\";", false)]
    [InlineData("add_header A \"b\ndeny all;\";", false)]
    [InlineData("add_header A 'b'deny;", false)]
    [InlineData("add_header;", false)]
    [InlineData("add_headers A b;", false)]
    [InlineData("if ($http_x = '') { return 403; }", false)]
    [InlineData("more_set_input_headers 'Host: a';", false)]
    [InlineData("proxy_set_header X-User $remote_user;", false)]
    [InlineData("auth_basic Staff;", false)]
    [InlineData("satisfy any; allow 10.0.0.0/8; deny all;", false)]
    [InlineData("limit_req zone=a;", false)]
    [InlineData("ADD_HEADER A b;", false)]
    public void A_snippet_closes_unless_it_only_sets_headers_of_responses(string snippet, bool open)
    {
        foreach (var name in (string[])["configuration-snippet", "server-snippet"])
        {
            var wanted = Wanted($"{name}: {System.Text.Json.JsonSerializer.Serialize(snippet)}");
            Assert.Equal(!open, IsClosed(wanted));
            var finding = Assert.Single(wanted.Findings);
            Assert.Equal((Severity.Error, open ? "SettingNotServed" : "GuardNotEnforced"), (finding.Severity, finding.Reason));
        }
    }

    [Fact]
    public void A_long_snippet_is_judged_in_no_time()
    {
        var snippet = string.Concat(Enumerable.Repeat("add_header A b   ", 20_000));
        Assert.False(IngressNginxSnippet.OnlySetsResponseHeaders(snippet));
    }

    [Theory]
    [InlineData(
        "affinity: cookie, session-cookie-name: a, session-cookie-path: /",
        "SettingNotServed: 'cookie' (with session-cookie-name, session-cookie-path) has no effect")]
    [InlineData(
        "auth-realm: Staff, auth-secret: users, auth-type: basic",
        "GuardNotEnforced: 'basic' (with auth-realm, auth-secret) asks for")]
    [InlineData(
        "proxy-connect-timeout: '3', proxy-read-timeout: '4', proxy-send-timeout: '5'",
        "SettingIgnored: '3' (with proxy-read-timeout, proxy-send-timeout) has no effect here: the deadlines are")]
    [InlineData(
        "force-ssl-redirect: 'true', ssl-redirect: 'true', relative-redirects: 'true'",
        "SettingNotServed: 'true' (with relative-redirects, ssl-redirect) has no effect here")]
    [InlineData("session-cookie-name: a", "SettingIgnored: 'a' has no effect here: it belongs to affinity.")]
    [InlineData("auth-type: '', auth-secret: users", "GuardIncomplete: 'users' keeps nobody out, here as with ingress-nginx: it only says")]
    [InlineData("auth-secret: users", "GuardIncomplete: 'users' keeps nobody out, here as with ingress-nginx: it only says more about")]
    [InlineData("auth-tls-verify-client: 'on'", "GuardIncomplete: 'on' keeps nobody out")]
    public void Annotations_that_belong_together_are_told_together(string annotations, string says)
    {
        var finding = Assert.Single(Wanted(annotations).Findings, finding => finding.Reason != "SettingNotNeeded");
        var parts = says.Split(": ", 2);
        Assert.Equal(parts[0], finding.Reason);
        Assert.Contains(parts[1], finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_come_first()
    {
        var findings = Wanted("enable-access-log: 'true', proxy-body-size: 8m, rewrite-target: /, auth-type: basic").Findings.ToArray();
        Assert.Equal(
            ["GuardNotEnforced", "SettingNotServed", "SettingIgnored", "SettingIgnored"], findings.Select(finding => finding.Reason));
    }

    [Fact]
    public void Annotations_of_other_controllers_are_told_once()
    {
        const string Others = "nginx.org/policies: a, alb.ingress.kubernetes.io/scheme: b, cert-manager.io/issuer: c";
        var finding = Assert.Single(Wanted("", others: Others).Findings);
        Assert.Equal((Severity.Notice, "AnnotationsNotRead"), (finding.Severity, finding.Reason));
        Assert.StartsWith(
            "metadata.annotations has 'alb.ingress.kubernetes.io/scheme', 'nginx.org/policies', which", finding.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'true'", false)]
    [InlineData("'yes'", false)]
    [InlineData("''", false)]
    [InlineData("'false'", true)]
    [InlineData("'0'", true)]
    public void A_canary_has_no_routes_whatever_its_age(string value, bool served)
    {
        var wanted = Wanted($"canary: {value}");
        Assert.Equal(served, wanted.Model.Hosts[new(IngressTranslation.Table, "a.example")].Routes.Count > 0);
        Assert.Equal(served ? "SettingNotNeeded" : "CanaryNotServed", Assert.Single(wanted.Findings).Reason);
    }

    [Theory]
    [InlineData("use-forwarded-headers: 'true'", "SettingNotServed Error", "set use-proxy-protocol and proxy-real-ip-cidr")]
    [InlineData("use-forwarded-headers: 'false'", "SettingNotNeeded Notice", "")]
    [InlineData("use-gzip: 'true'", "SettingIgnored Notice", "")]
    [InlineData("no-such-key: x", "SettingUnknown Error", "data['no-such-key']")]
    [InlineData("block-user-agents: 'curl'", "SettingNotServed Error", "")]
    [InlineData("http-snippet: 'deny all;'", "SettingNotServed Error", "")]
    [InlineData("use-proxy-protocol: 'false', proxy-real-ip-cidr: 10.0.0.0/8", "", "")]
    public void A_key_of_the_ConfigMap_is_told_and_closes_nothing(string data, string told, string says)
    {
        var wanted = Wanted("", data);
        Assert.Equal(told, string.Join(", ", wanted.Findings.Select(finding => $"{finding.Reason} {finding.Severity}")));
        Assert.All(wanted.Findings, finding => Assert.Equal(ConfigMap, finding.Object));
        Assert.All(wanted.Findings, finding => Assert.Contains(says, finding.Message, StringComparison.Ordinal));
        Assert.Empty(wanted.Translation.EdgeFindings);
        Assert.False(IsClosed(wanted));
    }

    [Theory]
    [InlineData("whitelist-source-range: 10.0.0.0/8", "", true)]
    [InlineData("whitelist-source-range: '0.0.0.0/0,::/0'", "", false)]
    [InlineData("whitelist-source-range: ''", "", false)]
    [InlineData("whitelist-source-range: 10.0.0.0/8", "whitelist-source-range: '0.0.0.0/0,::/0'", false)]
    [InlineData("denylist-source-range: 10.0.0.0/8", "", true)]
    [InlineData("block-cidrs: 10.0.0.0/8", "whitelist-source-range: 0.0.0.0/0", true)]
    [InlineData("global-auth-url: 'https://auth.example'", "", true)]
    [InlineData("global-auth-url: 'https://auth.example'", "enable-global-auth: 'false'", false)]
    [InlineData("global-auth-url: 'https://auth.example'", "whitelist-source-range: 0.0.0.0/0", true)]
    [InlineData("enable-modsecurity: 'true'", "", true)]
    [InlineData("enable-modsecurity: 'true'", "enable-modsecurity: 'false'", false)]
    public void A_guard_on_all_closes_every_Ingress_that_is_under_it(string data, string annotations, bool closed)
    {
        var wanted = Wanted(annotations, data);
        Assert.Equal(closed, IsClosed(wanted));
        Assert.Equal(closed, wanted.Findings.Any(finding => finding.Reason ==
            "GuardNotEnforced" && finding.Object.Kind == ResourceKind.Ingress));
        Assert.Single(wanted.Findings, finding => finding.Object == ConfigMap);
        // What opens it is not called needless.
        if (!closed)
            Assert.DoesNotContain(wanted.Findings, finding => finding.Object != ConfigMap);
    }

    [Fact]
    public void An_Ingress_opens_when_the_ConfigMap_asks_for_its_guard_no_more()
    {
        var closed = Wanted("", "global-auth-url: 'https://auth.example'");
        var (open, difference) = closed.After([new Applied(Manifests.Resource(Map("use-gzip: 'true'"), "2"))], Happenings.At);
        Assert.True(IsClosed(closed));
        Assert.False(IsClosed(open));
        Assert.Single(difference.Hosts);
        Assert.DoesNotContain(open.Findings, finding => finding.Reason == "GuardNotEnforced");
    }

    [Fact]
    public void An_empty_list_lets_nobody_in_as_with_ingress_nginx() => Assert.Contains(
        "] (empty) asks for an allow-list of networks that lets nobody in. That",
        Assert.Single(Wanted("whitelist-source-range: ' '").Findings).Message, StringComparison.Ordinal);

    private static bool IsClosed(DesiredState wanted) => wanted.Model.Hosts[new(IngressTranslation.Table,
        "a.example")].Routes[0].Backends.Count == 0;

    private static DesiredState Wanted(string annotations, string? data = null, string others = "")
    {
        var prefixed = string.Join(", ", Parts(annotations).Select(one => "nginx.ingress.kubernetes.io/" + one).Append(others)
            .Where(one => one.Length > 0));
        var cluster = Manifests.Resources($$"""
            kind: Ingress
            metadata: {name: i, annotations: { {{prefixed}} } }
            spec: {ingressClassName: ours, {{Rule}}}
            ---
            kind: Service
            metadata: {name: s}
            spec: {ports: [{port: 80}]}
            ---
            kind: EndpointSlice
            metadata: {name: s-a, labels: {kubernetes.io/service-name: s} }
            addressType: IPv4
            ports: [{port: 8080}]
            endpoints: [{addresses: [10.0.0.1]}]
            """);
        return DesiredState.Of(
            Manifests.Cluster(data is null ? cluster : [.. cluster, Manifests.Resource(Map(data), "1")]),
            new() { ClassNames = ["ours"], ConfigMap = ConfigMap });
    }

    private static System.Text.Json.Nodes.JsonObject Map(string data) =>
        Manifests.Documents(
            $"{{kind: ConfigMap, metadata: {{name: {ConfigMap.Name}, namespace: {ConfigMap.Namespace}}}, data: {{{data}}}}}").Single();

    /// <summary>Splits at commas that begin another annotation.</summary>
    private static string[] Parts(string annotations) =>
        annotations.Length == 0 ? [] : System.Text.RegularExpressions.Regex.Split(annotations, ", (?=[a-z-]+: )");
}
