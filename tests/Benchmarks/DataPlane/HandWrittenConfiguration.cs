using System.Globalization;
using System.Text;
using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Benchmarks.DataPlane;

/// <summary>
/// What somebody who knows HAProxy writes by hand for the same routes: one map from host and path to backend, the backends, the same log line,
/// the same forwarded headers, the same timeouts. It promises less: no normalised paths, no wildcard hosts, no trusted forwarders, no PROXY
/// protocol, no change without a reload.
/// </summary>
internal static class HandWrittenConfiguration
{
    /// <summary>Writes configuration and map into a folder; the configuration's path.</summary>
    public static string Write(string folder, DesiredState wanted)
    {
        var map = new StringBuilder();
        foreach (var (host, routes) in wanted.Model.Hosts)
        {
            foreach (var route in routes.Routes)
                map.Append(CultureInfo.InvariantCulture, $"{host.Host}{route.Match.Path.Value} {Name(route.Backends[0].Upstream)}\n");
        }

        var mapFile = Path.Combine(folder, "routes.map");
        File.WriteAllText(mapFile, map.ToString());
        var text = new StringBuilder($$"""
            global
                log stdout format raw daemon info
                maxconn 5000
                nbthread 1
                stats socket "unix@${ADMIN_SOCKET}" mode 600 level admin

            defaults
                mode http
                balance roundrobin
                http-reuse safe
                option redispatch 1
                retries 3
                retry-on conn-failure
                timeout http-request 10s
                timeout http-keep-alive 65s
                timeout client 60s
                timeout connect 2s
                timeout queue 5s
                timeout server 60s

            frontend web
                bind "${BIND_HTTP}"
                maxconn 4000
                log global
                option dontlognull
                capture request header Host len 128
                log-format '{"time":"%tr","client":"%ci","method":"%HM","host":"%[capture.req.hdr(0),json]","path":"%[capture.req.uri,field(1,?),json]","status":%ST,"bytes":%B,"table":"%f","backend":"%b","server":"%s","address":"%si:%sp","retries":"%rc","ms":{"queue":%Tw,"connect":%Tc,"response":%Tr,"total":%Ta},"end":"%tsc","protocol":"%HV","tls":"%sslv"}'
                http-request set-header X-Forwarded-For %[src]
                http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
                http-request set-header X-Forwarded-Host %[req.hdr(host)]
                http-request set-header X-Forwarded-Port %[dst_port]
                http-request set-header X-Real-IP %[src]
                use_backend %[base,map_beg({{mapFile}})]


            """);
        foreach (var (upstream, set) in wanted.Endpoints)
        {
            text.Append(CultureInfo.InvariantCulture, $"backend {Name(upstream)}\n");
            foreach (var (endpoint, i) in set.Endpoints.Select((endpoint, i) => (endpoint, i)))
                text.Append(CultureInfo.InvariantCulture, $"    server pod{i} {endpoint.Address}:{endpoint.Port}\n");
        }

        var file = Path.Combine(folder, "haproxy.cfg");
        File.WriteAllText(file, text.ToString());
        return file;
    }

    private static string Name(Upstream upstream) => $"{upstream.Namespace}-{upstream.Service}";
}
