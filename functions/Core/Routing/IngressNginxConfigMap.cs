using System.Collections.Frozen;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using static IngressReconciler.Routing.NginxEffect;
using static IngressReconciler.Routing.NginxSetting;

namespace IngressReconciler.Routing;

/// <summary>A key of the ConfigMap that asks for a guard on every Ingress.</summary>
/// <param name="Key">The key.</param>
/// <param name="Says">What it asks for.</param>
/// <param name="WayOut">How an Ingress can be open all the same; as a sentence.</param>
/// <param name="Exempts">Whether annotations take their Ingress out of it, as they do in ingress-nginx.</param>
internal sealed record NginxGlobalGuard(string Key, string Says, string WayOut, Func<Dictionary<string, string>, bool> Exempts);

/// <summary>What a ConfigMap asks for on every Ingress.</summary>
/// <param name="ConfigMap">The ConfigMap.</param>
/// <param name="Keys">Its keys that do.</param>
internal sealed record NginxGlobalGuards(ResourceKey ConfigMap, ValueList<string> Keys)
{
    /// <summary>Nothing.</summary>
    public static NginxGlobalGuards None { get; } = new(default, []);

    /// <summary>Those that an Ingress with such annotations is under.</summary>
    public IReadOnlyList<NginxGlobalGuard> On(Dictionary<string, string> annotations) =>
        Keys.Count == 0 ? [] : [.. IngressNginxConfigMap.Guards.Where(guard => Keys.Contains(guard.Key) && !guard.Exempts(annotations))];

    /// <summary>Whether it is an annotation that takes its Ingress out of one of them.</summary>
    /// <param name="name">The annotation's name, without its prefix.</param>
    /// <param name="annotations">All of the Ingress.</param>
    public bool IsExemptBy(string name, Dictionary<string, string> annotations) =>
        Keys.Count > 0 && On(annotations.Where(one => one.Key != IngressNginxAnnotations.Prefix + name).ToDictionary()).Count
            > On(annotations).Count;
}

/// <summary>
/// The keys of ingress-nginx's ConfigMap, as its documentation has them at v1.15. <see cref="EdgeTranslation"/> reads those of PROXY
/// protocol; no other is served, and those that are set each become a finding. What is certainly a guard closes every Ingress that is
/// under it. A snippet, which only may hold one, and a filter that any client can pass by sending another header do not: they would take
/// down the whole cluster for a maybe.
/// </summary>
internal static class IngressNginxConfigMap
{
    private const string Closes =
        "it is a guard on every Ingress that is not enforced here, so paths answer 503 rather than be open to everybody. ";
    private const string Remove =
        "Remove the key if they may be open, or unset setting ConfigMap where only the other controller is meant.";
    private const string Snippet =
        "snippets are never read. If it keeps requests out, do that in front of the proxies or in the applications, and annotate the "
        + "Ingresses concerned.";
    private const string AnyHeader = "such requests are served. Refuse them in the applications.";
    private const string Forwarded =
        "X-Forwarded-* and X-Real-IP that arrive are replaced, for anybody could send them: pods see the address that the connection "
        + "came from. Let the load balancer in front send PROXY protocol, and set use-proxy-protocol and proxy-real-ip-cidr.";
    private const string NoRedirect =
        "a request in the clear is answered in the clear. Redirect in the applications: X-Forwarded-Proto says how the client came.";
    private const string Headers = "responses and requests do not get these headers. Set them in the applications.";
    private const string Passed = "what the pods send is passed on as it is. Set it there.";
    private const string Bootstrap = "it is set in the proxies' bootstrap.";
    private const string Logs = "what is logged and traced is set in the proxies' bootstrap.";

    /// <summary>The guards on every Ingress.</summary>
    public static NginxGlobalGuard[] Guards { get; } =
    [
        new("whitelist-source-range", "an allow-list of networks",
            $"Annotate it with {IngressNginxAnnotations.Prefix}allowlist-source-range: 0.0.0.0/0,::/0 if it may be open, or have the "
            + "key removed.",
            annotations => Has(annotations, "whitelist-source-range", _ => true) || Has(annotations, "allowlist-source-range", _ => true)),
        new("denylist-source-range", "a deny-list of networks", "Have the key removed if it may be open.", _ => false),
        new("block-cidrs", "a deny-list of networks", "Have the key removed if it may be open.", _ => false),
        new("global-auth-url", "a check of every request by another server",
            $"Annotate it with {IngressNginxAnnotations.Prefix}enable-global-auth: \"false\" if it may be open, or have the key "
            + "removed.",
            annotations => Has(annotations, "enable-global-auth", IsFalse)),
        new("enable-modsecurity", "the web application firewall ModSecurity",
            $"Annotate it with {IngressNginxAnnotations.Prefix}enable-modsecurity: \"false\" if it may be open, or have the key "
            + "removed.",
            annotations => Has(annotations, "enable-modsecurity", IsFalse)),
    ];

    private static readonly FrozenSet<string> Served = ((string[])[
        "use-proxy-protocol", "proxy-real-ip-cidr"]).ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, NginxSetting> All = ((NginxSetting[])
    [
        new("whitelist-source-range", NginxEffect.Guards, Closes + Remove, value => IsBlank(value) || IsEverybody(value)),
        new("denylist-source-range", NginxEffect.Guards, Closes + Remove, IsBlank),
        new("block-cidrs", NginxEffect.Guards, Closes + Remove, IsBlank),
        new("global-auth-url", NginxEffect.Guards, Closes + Remove, IsBlank),
        new("enable-modsecurity", NginxEffect.Guards, Closes + Remove, IsFalse),
        new("enable-owasp-modsecurity-crs", Refines, "enable-modsecurity", IsFalse),
        new("modsecurity-snippet", Refines, "enable-modsecurity", IsBlank),
        new("global-auth-method", Refines, "global-auth-url"),
        new("global-auth-signin", Refines, "global-auth-url"),
        new("global-auth-signin-redirect-param", Refines, "global-auth-url"),
        new("global-auth-response-headers", Refines, "global-auth-url"),
        new("global-auth-request-redirect", Refines, "global-auth-url"),
        new("global-auth-snippet", Refines, "global-auth-url"),
        new("global-auth-cache-key", Refines, "global-auth-url"),
        new("global-auth-cache-duration", Refines, "global-auth-url"),
        new("global-auth-always-set-cookie", Refines, "global-auth-url"),
        new("no-auth-locations", Refines, "global-auth-url"),
        new("block-user-agents", Changes, AnyHeader, IsBlank),
        new("block-referers", Changes, AnyHeader, IsBlank),
        new("main-snippet", Changes, Snippet, IsComment),
        new("http-snippet", Changes, Snippet, IsComment),
        new("server-snippet", Changes, Snippet, IsComment),
        new("location-snippet", Changes, Snippet, IsComment),
        new("stream-snippet", Changes, Snippet, IsComment),
        new("limit-req-status-code", Refines, "annotations limit-rps and limit-rpm"),
        new("limit-conn-status-code", Refines, "annotation limit-connections"),
        new("limit-conn-zone-variable", Refines, "annotation limit-connections"),

        new("use-forwarded-headers", Changes, Forwarded, IsFalse),
        new("enable-real-ip", Changes, Forwarded, IsFalse),
        new("forwarded-for-header", Refines, "use-forwarded-headers"),
        new("forwarded-for-proxy-protocol-header", Refines, "use-forwarded-headers"),
        new("compute-full-forwarded-for", Refines, "use-forwarded-headers", IsFalse),
        new("proxy-protocol-header-timeout", Tunes, Bootstrap),

        new("ssl-redirect", Changes, NoRedirect, IsFalse),
        new("force-ssl-redirect", Changes, NoRedirect, IsFalse),
        new("http-redirect-code", Refines, "ssl-redirect"),
        new("no-tls-redirect-locations", Refines, "ssl-redirect"),
        new("relative-redirects", Refines, "ssl-redirect"),
        new("hsts", Changes, "no Strict-Transport-Security header is sent. Send it from the applications.", IsFalse),
        new("hsts-max-age", Refines, "hsts"),
        new("hsts-include-subdomains", Refines, "hsts"),
        new("hsts-preload", Refines, "hsts"),
        new("ssl-protocols", Changes, "TLS versions are those of the proxies' bootstrap. Set them there."),
        new("ssl-ciphers", Changes, "the ciphers are those of the proxies' bootstrap. Set them there."),
        new("ssl-ecdh-curve", Tunes, Bootstrap),
        new("ssl-dh-param", Tunes, Bootstrap),
        new("ssl-session-cache", Tunes, Bootstrap),
        new("ssl-session-cache-size", Tunes, Bootstrap),
        new("ssl-session-tickets", Tunes, Bootstrap),
        new("ssl-session-ticket-key", Tunes, Bootstrap),
        new("ssl-session-timeout", Tunes, Bootstrap),
        new("ssl-buffer-size", Tunes, Bootstrap),
        new("ssl-reject-handshake", Changes, "a server name without a certificate gets the default one.", IsFalse),
        new("proxy-ssl-location-only", Tunes, "pods are shown no client certificate at all.", IsFalse),
        new("enable-ocsp", Tunes, "no OCSP answer is stapled.", IsFalse),

        new("add-headers", Changes, Headers, IsBlank),
        new("proxy-set-headers", Changes, Headers, IsBlank),
        new("hide-headers", Changes, Passed, IsBlank),
        new("global-allowed-response-headers", Refines, "annotation custom-headers"),
        new("proxy-add-original-uri-header", Changes, Headers, IsFalse),
        new("generate-request-id", Changes, "pods get no X-Request-ID.", IsFalse),
        new("allow-backend-server-header", Tunes, "the pods' Server header is passed on.", IsTrue),
        new("server-tokens", Tunes, "the proxies send no Server header of their own.", IsFalse),
        new("default-type", Changes, Passed),
        new("proxy-cookie-domain", Changes, Passed, IsOff),
        new("proxy-cookie-path", Changes, Passed, IsOff),
        new("proxy-redirect-from", Changes, Passed, IsOff),
        new("custom-http-errors", Changes, "errors of the pods are passed on as they are. Answer with the right pages there.", IsBlank),
        new("disable-proxy-intercept-errors", Refines, "custom-http-errors"),
        new("enable-underscores-in-headers", Tunes, "headers with underscores are passed on.", IsTrue),
        new("ignore-invalid-headers", Tunes, "a request with an invalid header is refused."),

        new("use-gzip", Tunes, "responses are passed on as the pods send them.", IsFalse),
        new("gzip-disable", Refines, "use-gzip"),
        new("gzip-level", Refines, "use-gzip"),
        new("gzip-min-length", Refines, "use-gzip"),
        new("gzip-types", Refines, "use-gzip"),
        new("enable-brotli", Tunes, "responses are passed on as the pods send them.", IsFalse),
        new("brotli-level", Refines, "enable-brotli"),
        new("brotli-min-length", Refines, "enable-brotli"),
        new("brotli-types", Refines, "enable-brotli"),
        new("use-geoip", Changes, "no header says where a client is.", IsFalse),
        new("use-geoip2", Changes, "no header says where a client is.", IsFalse),
        new("geoip2-autoreload-in-minutes", Refines, "use-geoip2"),
        new("use-http2", Tunes, "HTTP/2 is offered; the proxies' bootstrap says so.", IsTrue),
        new("service-upstream", Tunes, "requests go to the pods themselves, never to a Service's address.", IsFalse),
        new("load-balance", Tunes, Bootstrap, value => value == "round_robin"),
        new("retry-non-idempotent", Tunes, "a connection that fails is tried again, a request that was sent is not.", IsFalse),
        new("strict-validate-path-type", Tunes, "paths are always validated, and compared as they are written.", IsTrue),
        new("allow-snippet-annotations", Tunes, "snippets are never read; an Ingress that has one answers 503.", IsFalse),
        new("allow-cross-namespace-resources", Tunes, "an Ingress has only what is in its own namespace.", IsFalse),
        new("annotations-risk-level", Tunes, "every annotation that is not served is told on its Ingress."),
        new("annotation-value-word-blocklist", Tunes, "every annotation that is not served is told on its Ingress."),
        new("disable-ipv6", Tunes, Bootstrap),
        new("disable-ipv6-dns", Tunes, "no names are looked up."),
        new("bind-address", Tunes, Bootstrap),

        .. Many(Tunes, "bodies of any size are passed on. Set a limit in the applications.", "proxy-body-size"),
        .. Many(Tunes, "responses are sent as fast as the client takes them.", "limit-rate", "limit-rate-after"),
        .. Many(
            Tunes, Bootstrap,
            "client-header-buffer-size", "client-header-timeout", "client-body-buffer-size", "client-body-timeout",
            "http2-max-field-size", "http2-max-header-size", "http2-max-requests", "http2-max-concurrent-streams", "keep-alive",
            "keep-alive-requests", "large-client-header-buffers", "enable-multi-accept", "max-worker-connections",
            "max-worker-open-files", "map-hash-bucket-size", "nginx-status-ipv4-whitelist", "nginx-status-ipv6-whitelist",
            "server-name-hash-max-size", "server-name-hash-bucket-size", "proxy-headers-hash-max-size", "proxy-headers-hash-bucket-size",
            "reuse-port", "enable-aio-write", "worker-processes", "worker-cpu-affinity", "worker-shutdown-timeout",
            "enable-serial-reloads", "variables-hash-bucket-size", "variables-hash-max-size", "upstream-keepalive-connections",
            "upstream-keepalive-time", "upstream-keepalive-timeout", "upstream-keepalive-requests", "proxy-stream-timeout",
            "proxy-stream-next-upstream", "proxy-stream-next-upstream-timeout", "proxy-stream-next-upstream-tries",
            "proxy-stream-responses", "proxy-connect-timeout", "proxy-read-timeout", "proxy-send-timeout", "proxy-buffers-number",
            "proxy-buffer-size", "proxy-busy-buffers-size", "proxy-next-upstream", "proxy-next-upstream-timeout",
            "proxy-next-upstream-tries", "proxy-request-buffering", "proxy-buffering", "lua-shared-dicts", "grpc-buffer-size-kb"),
        .. Many(
            Tunes, Logs,
            "access-log-params", "access-log-path", "http-access-log-path", "stream-access-log-path",
            "enable-access-log-for-default-backend", "error-log-path", "error-log-level", "disable-access-log", "disable-http-access-log",
            "disable-stream-access-log", "log-format-escape-none", "log-format-escape-json", "log-format-upstream", "log-format-stream",
            "skip-access-log-urls", "enable-syslog", "syslog-host", "syslog-port", "debug-connections", "jaeger-collector-host",
            "jaeger-collector-port", "jaeger-endpoint", "jaeger-service-name", "jaeger-propagation-format", "jaeger-sampler-type",
            "jaeger-sampler-param", "jaeger-sampler-host", "jaeger-sampler-port", "jaeger-trace-context-header-name",
            "jaeger-debug-header", "jaeger-baggage-header", "jaeger-trace-baggage-header-prefix", "enable-opentelemetry",
            "opentelemetry-trust-incoming-span", "opentelemetry-operation-name", "opentelemetry-config", "otlp-collector-host",
            "otlp-collector-port", "otel-max-queuesize", "otel-schedule-delay-millis", "otel-max-export-batch-size", "otel-service-name",
            "otel-sampler", "otel-sampler-parent-based", "otel-sampler-ratio"),
    ]).ToFrozenDictionary(one => one.Name, StringComparer.Ordinal);

    /// <summary>Keys whose values are secrets: that they are set is told, and not to what.</summary>
    private static readonly FrozenSet<string> Secret = ((string[])["ssl-session-ticket-key"]).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What is read of a key.</summary>
    public static Reading ReadingOf(string key) =>
        Served.Contains(key) || (All.ContainsKey(key) && !Secret.Contains(key)) ? Reading.Value : Reading.Name;

    /// <summary>What a ConfigMap asks for on every Ingress.</summary>
    public static NginxGlobalGuards GuardsOf(ClusterState state, RoutingOptions options) =>
        options.ConfigMap is { } key && state.Find<ConfigMap>(key) is { Data: { } data }
            ? new(key, Guards.Select(guard => guard.Key).Where(name => data.TryGetValue(name, out var value) && !All[name].IsIdle(value ??
                "")).ToValueList())
            : NginxGlobalGuards.None;

    /// <summary>One finding for each key that is set and not served, by their names; what is unknown is named up to a number.</summary>
    public static ValueList<Finding> Findings(ClusterState state, RoutingOptions options)
    {
        if (options.ConfigMap is not { } at || state.Find<ConfigMap>(at) is not { Data: { } data })
            return [];
        var findings = new List<Finding>();
        var unknown = 0;
        foreach (var (name, value) in data.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Served.Contains(name))
                continue;
            if (All.TryGetValue(name, out var setting))
                findings.Add(setting.HasNoEffect(at, $"data.{name} {KubernetesName.Show(value)}", setting.IsIdle(value ?? "")));
            else if (++unknown <= NginxReading.MostUnknown)
                findings.Add(new(at, Severity.Error, "SettingUnknown",
                    $"data[{KubernetesName.Show(name)}]: ingress-nginx has no key of this name, and it has no effect here. Correct "
                    + "its spelling, or remove it."));
        }

        if (unknown > NginxReading.MostUnknown)
            findings.Add(new(at, Severity.Error, "SettingUnknown", string.Create(CultureInfo.InvariantCulture,
                $"data has {unknown - NginxReading.MostUnknown} more keys of unknown names; they have no effect here.")));
        return findings.ToValueList();
    }

    private static IEnumerable<NginxSetting> Many(NginxEffect effect, string says, params string[] names) =>
        names.Select(name => new NginxSetting(name, effect, says));

    private static bool Has(Dictionary<string, string> annotations, string name, Func<string, bool> value) =>
        annotations.TryGetValue(IngressNginxAnnotations.Prefix + name, out var text) && value(text ?? "");
}
