using System.Collections.Frozen;
using static IngressReconciler.Routing.NginxEffect;
using static IngressReconciler.Routing.NginxSetting;

namespace IngressReconciler.Routing;

/// <summary>
/// The annotations of ingress-nginx: those of its documentation and its parsers at v1.15, and older ones that were documented once. None of
/// them is served yet; the line of one that is goes.
/// </summary>
internal static class IngressNginxAnnotations
{
    /// <summary>What their names begin with.</summary>
    public const string Prefix = "nginx.ingress.kubernetes.io/";

    private const string SpeaksAppProtocol =
        "how pods are spoken to is said by appProtocol of the Service's port: https, or kubernetes.io/h2c for gRPC. Set it there and "
        + "remove the annotation.";
    private const string Redirects = "a redirect in answer to every request; none is to reach the pods";
    private const string Redirecting =
        "permanent-redirect, temporal-redirect, force-ssl-redirect, ssl-redirect, app-root, from-to-www-redirect";
    private const string NoRedirect =
        "a request in the clear is answered in the clear. Redirect in the application: X-Forwarded-Proto says how the client came.";
    private const string Unverified =
        "the pods' certificates are not verified. Remove the annotation, and do not count on TLS to tell a pod from an impostor.";
    private const string Timeouts =
        "the deadlines are those of the proxies' bootstrap: 2 s to connect, 60 s without a byte, an hour for WebSockets.";
    private const string Buffers = "the proxies pass bodies on as they come, and keep none.";
    private const string Retries = "a connection that fails is tried again on another pod, a request that was sent is not.";
    private const string Logs = "what is logged and traced is set in the proxies' bootstrap.";

    /// <summary>All of them by name.</summary>
    public static FrozenDictionary<string, NginxSetting> All { get; } = ((NginxSetting[])
    [
        // Authentication.
        new("auth-type", Guards, "a user name and a password"),
        new("auth-secret", Refines, "auth-type"),
        new("auth-secret-type", Refines, "auth-type"),
        new("auth-realm", Refines, "auth-type"),
        new("auth-url", Guards, "a check of every request by another server"),
        new("auth-method", Refines, "auth-url"),
        new("auth-signin", Refines, "auth-url"),
        new("auth-signin-redirect-param", Refines, "auth-url"),
        new("auth-request-redirect", Refines, "auth-url"),
        new("auth-response-headers", Refines, "auth-url"),
        new("auth-proxy-set-headers", Refines, "auth-url"),
        new("auth-always-set-cookie", Refines, "auth-url"),
        new("auth-cache-key", Refines, "auth-url"),
        new("auth-cache-duration", Refines, "auth-url"),
        new("auth-keepalive", Refines, "auth-url"),
        new("auth-keepalive-requests", Refines, "auth-url"),
        new("auth-keepalive-share-vars", Refines, "auth-url"),
        new("auth-keepalive-timeout", Refines, "auth-url"),
        new("auth-snippet", Refines, "auth-url"),
        new("enable-global-auth", Tunes, "it is so unless it is false", _ => true),
        new("satisfy", Refines, "auth-type, auth-url, allowlist-source-range, whitelist-source-range"),

        // Client certificates. Whether the Secret is used at all is up to verify-client: see IngressNginxReading.
        new("auth-tls-secret", Guards,
            "client certificates (with ingress-nginx, on the whole host, paths of other Ingresses included)"),
        new("auth-tls-verify-client", Refines, "auth-tls-secret"),
        new("auth-tls-match-cn", Refines, "auth-tls-secret"),
        new("auth-tls-verify-depth", Refines, "auth-tls-secret"),
        new("auth-tls-error-page", Refines, "auth-tls-secret"),
        new("auth-tls-pass-certificate-to-upstream", Refines, "auth-tls-secret"),

        // Addresses of clients, and how often they may come.
        // Of lists an empty one closes in ingress-nginx, too.
        new("whitelist-source-range", Guards, "an allow-list of networks", IsEverybody),
        new("allowlist-source-range", Guards, "an allow-list of networks", IsEverybody),
        new("denylist-source-range", Guards, "a deny-list of networks", _ => false),
        new("limit-rps", Guards, "a limit of requests a second for each client", IsNoLimit),
        new("limit-rpm", Guards, "a limit of requests a minute for each client", IsNoLimit),
        new("limit-connections", Guards, "a limit of connections for each client", IsNoLimit),
        new("limit-burst-multiplier", Refines, "limit-rps, limit-rpm, limit-connections"),
        new("limit-whitelist", Refines, "limit-rps, limit-rpm, limit-connections"),
        new("limit-allowlist", Refines, "limit-rps, limit-rpm, limit-connections"),
        new("global-rate-limit", Guards, "a limit of requests over all proxies", IsNoLimit),
        new("global-rate-limit-window", Refines, "global-rate-limit"),
        new("global-rate-limit-key", Refines, "global-rate-limit"),
        new("global-rate-limit-ignored-cidrs", Refines, "global-rate-limit"),
        new("limit-rate", Tunes, "responses are sent as fast as the client takes them.", IsZero),
        new("limit-rate-after", Refines, "limit-rate"),

        // Filters, and what may be one.
        new("enable-modsecurity", Guards, "the web application firewall ModSecurity", IsUnset),
        new("enable-owasp-core-rules", Guards, "the web application firewall ModSecurity", IsUnset),
        new("modsecurity-snippet", Guards, "rules of the web application firewall ModSecurity", IsComment),
        new("modsecurity-transaction-id", Refines, "enable-modsecurity"),
        new("lua-resty-waf", Guards, "a web application firewall", value => value is "inactive" or ""),
        new("lua-resty-waf-debug", Refines, "lua-resty-waf"),
        new("lua-resty-waf-ignore-rulesets", Refines, "lua-resty-waf"),
        new("lua-resty-waf-extra-rules", Refines, "lua-resty-waf"),
        new("lua-resty-waf-allow-unknown-content-types", Refines, "lua-resty-waf"),
        new("lua-resty-waf-score-threshold", Refines, "lua-resty-waf"),
        new("lua-resty-waf-process-multipart-body", Refines, "lua-resty-waf"),
        new("configuration-snippet", MayGuard, "", IsComment),
        new("location-snippet", MayGuard, "", IsComment),
        new("location-snippets", MayGuard, "", IsComment),
        new("server-snippet", MayGuard, " from the whole host, paths of other Ingresses included", IsComment),
        new("server-snippets", MayGuard, " from the whole host, paths of other Ingresses included", IsComment),
        new("stream-snippet", Changes,
            "it is no part of this Ingress's paths, and nginx's own configuration is not carried out. Have a Service of type LoadBalancer "
            + "for what is not HTTP."),

        // A share of another Ingress's requests.
        new("canary", Shares, "", IsFalse),
        new("canary-by-header", Refines, "canary"),
        new("canary-by-header-value", Refines, "canary"),
        new("canary-by-header-pattern", Refines, "canary"),
        new("canary-by-cookie", Refines, "canary"),
        new("canary-weight", Refines, "canary"),
        new("canary-weight-total", Refines, "canary"),

        // Paths, hosts and redirects.
        new("rewrite-target", Changes,
            "pods get the path as the client sent it. Serve that path in the application, and remove the annotation.", IsBlank),
        new("use-regex", Changes,
            "paths are compared as they are written, with regard to case. Write plain paths with pathType Prefix or Exact.", IsFalse),
        new("app-root", Changes, "/ is not redirected. Redirect in the application.", IsBlank),
        new("server-alias", Changes, "its hosts are not served. Add a rule for each of them.", IsBlank),
        new("permanent-redirect", Guards, Redirects),
        new("permanent-redirect-code", Refines, "permanent-redirect"),
        new("temporal-redirect", Guards, Redirects),
        new("temporal-redirect-code", Refines, "temporal-redirect"),
        new("from-to-www-redirect", Changes,
            "the host with, or without, www. is not served. Add a rule for it, and redirect in the application.", IsFalse),
        new("ssl-redirect", Changes, NoRedirect, IsFalse),
        new("force-ssl-redirect", Changes, NoRedirect, IsFalse),
        new("preserve-trailing-slash", Refines, "force-ssl-redirect"),
        new("use-port-in-redirects", Refines, Redirecting),
        new("relative-redirects", Refines, Redirecting),
        new("add-base-url", Changes, "pages are passed on as the pods send them. Set <base> in the application.", IsFalse),
        new("base-url-scheme", Refines, "add-base-url"),

        // TLS on the client's side.
        new("ssl-passthrough", Changes,
            "TLS ends at the proxy, with the certificate of spec.tls or the default one, and pods get HTTP. Name a Secret in "
            + "spec.tls, set appProtocol: https on the Service's port, and remove the annotation.", IsFalse),
        new("ssl-ciphers", Changes, "the ciphers are those of the proxies' bootstrap, for every host. Set them there.", IsBlank),
        new("ssl-prefer-server-ciphers", Refines, "ssl-ciphers"),

        // Pods.
        new("backend-protocol", Changes, SpeaksAppProtocol, value => value is "HTTP" or ""),
        new("secure-backends", Changes, SpeaksAppProtocol, IsFalse),
        new("grpc-backend", Changes, SpeaksAppProtocol, IsFalse),
        new("fastcgi-index", Refines, "backend-protocol"),
        new("fastcgi-params-configmap", Refines, "backend-protocol"),
        new("proxy-ssl-verify", Changes, Unverified, IsOff),
        new("secure-verify-ca-secret", Changes, Unverified),
        new("proxy-ssl-secret", Changes, "pods are shown no client certificate. Have them ask for none, and remove the annotation."),
        new("proxy-ssl-verify-depth", Refines, "proxy-ssl-verify, proxy-ssl-secret"),
        new("proxy-ssl-name", Refines, "proxy-ssl-verify, proxy-ssl-secret"),
        new("proxy-ssl-server-name", Refines, "proxy-ssl-verify, proxy-ssl-secret"),
        new("proxy-ssl-ciphers", Refines, "proxy-ssl-secret"),
        new("proxy-ssl-protocols", Refines, "proxy-ssl-secret"),
        new("affinity", Changes,
            "the requests of a client go to all pods, and no cookie is set. Keep sessions where every pod finds them.", IsBlank),
        new("affinity-mode", Refines, "affinity"),
        new("affinity-canary-behavior", Refines, "affinity"),
        new("session-cookie-name", Refines, "affinity"),
        new("session-cookie-hash", Refines, "affinity"),
        new("session-cookie-domain", Refines, "affinity"),
        new("session-cookie-path", Refines, "affinity"),
        new("session-cookie-expires", Refines, "affinity"),
        new("session-cookie-max-age", Refines, "affinity"),
        new("session-cookie-samesite", Refines, "affinity"),
        new("session-cookie-secure", Refines, "affinity"),
        new("session-cookie-conditional-samesite-none", Refines, "affinity"),
        new("session-cookie-change-on-failure", Refines, "affinity"),
        new("upstream-hash-by", Changes,
            "requests are spread over all pods, whatever is in them. Let every pod answer every request.", IsBlank),
        new("upstream-hash-by-subset", Refines, "upstream-hash-by"),
        new("upstream-hash-by-subset-size", Refines, "upstream-hash-by"),
        new("load-balance", Tunes, "how requests are spread over pods is set in the proxies' bootstrap."),
        new("service-upstream", Tunes, "requests go to the pods themselves, never to the Service's address.", IsFalse),
        new("default-backend", Changes,
            "its Service is not used: while no pod is ready, the proxies answer 503 themselves. Remove the annotation.", IsBlank),
        new("custom-http-errors", Changes, "errors of the pods are passed on as they are. Answer with the right pages there.", IsBlank),
        new("disable-proxy-intercept-errors", Refines, "custom-http-errors"),
        new("mirror-target", Changes, "requests go to one pod only, and no copy is sent anywhere.", IsBlank),
        new("mirror-host", Refines, "mirror-target"),
        new("mirror-request-body", Refines, "mirror-target"),
        new("mirror-uri", Refines, "mirror-target"),

        // Headers.
        new("enable-cors", Changes,
            "no Access-Control header is sent, so browsers refuse pages of other origins. Send them from the application.", IsFalse),
        new("cors-allow-origin", Refines, "enable-cors"),
        new("cors-allow-methods", Refines, "enable-cors"),
        new("cors-allow-headers", Refines, "enable-cors"),
        new("cors-allow-credentials", Refines, "enable-cors"),
        new("cors-expose-headers", Refines, "enable-cors"),
        new("cors-max-age", Refines, "enable-cors"),
        new("custom-headers", Changes, "responses do not get these headers. Send them from the application.", IsBlank),
        new("upstream-vhost", Changes, "pods get the Host header that the client sent. Serve that host in the application.", IsBlank),
        new("x-forwarded-prefix", Changes, "pods get no X-Forwarded-Prefix. Set the prefix in the application.", IsBlank),
        new("connection-proxy-header", Tunes, "the proxies settle with the pods by themselves how long a connection stays."),
        new("proxy-cookie-domain", Changes, "cookies are passed on with the domain that the pods set. Set the right one there.", IsOff),
        new("proxy-cookie-path", Changes, "cookies are passed on with the path that the pods set. Set the right one there.", IsOff),
        new("proxy-redirect-from", Changes, "Location headers are passed on as the pods set them. Set the right ones there.", IsOff),
        new("proxy-redirect-to", Refines, "proxy-redirect-from"),
        new("http2-push-preload", Tunes, "nothing is pushed; browsers have given it up.", IsFalse),

        // Sizes, times, tries, logs.
        new("proxy-body-size", Tunes, "bodies of any size are passed on. Set a limit in the application.", IsZero),
        new("client-body-buffer-size", Tunes, Buffers),
        new("proxy-buffering", Tunes, Buffers, IsOff),
        new("proxy-request-buffering", Tunes, Buffers, IsOff),
        new("proxy-buffer-size", Tunes, Buffers),
        new("proxy-buffers-number", Tunes, Buffers),
        new("proxy-busy-buffers-size", Tunes, Buffers),
        new("proxy-max-temp-file-size", Tunes, Buffers),
        new("proxy-http-version", Tunes,
            "pods are spoken to in HTTP/1.1, or as appProtocol of the Service's port says.", value => value == "1.1"),
        new("proxy-connect-timeout", Tunes, Timeouts),
        new("proxy-read-timeout", Tunes, Timeouts),
        new("proxy-send-timeout", Tunes, Timeouts),
        new("proxy-next-upstream", Tunes, Retries),
        new("proxy-next-upstream-timeout", Tunes, Retries),
        new("proxy-next-upstream-tries", Tunes, Retries),
        new("upstream-max-fails", Tunes, Retries),
        new("upstream-fail-timeout", Tunes, Retries),
        new("enable-access-log", Tunes, Logs),
        new("enable-rewrite-log", Tunes, Logs, IsFalse),
        new("enable-opentelemetry", Tunes, Logs, IsFalse),
        new("opentelemetry-trust-incoming-span", Tunes, Logs),
        new("opentelemetry-operation-name", Tunes, Logs),
        new("enable-opentracing", Tunes, Logs, IsFalse),
        new("opentracing-trust-incoming-span", Tunes, Logs),
        new("enable-influxdb", Tunes, Logs, IsFalse),
        new("influxdb-measurement", Refines, "enable-influxdb"),
        new("influxdb-port", Refines, "enable-influxdb"),
        new("influxdb-host", Refines, "enable-influxdb"),
        new("influxdb-server-name", Refines, "enable-influxdb"),
        new("vts-filter-key", Tunes, Logs),
    ]).ToFrozenDictionary(one => one.Name, StringComparer.Ordinal);
}
