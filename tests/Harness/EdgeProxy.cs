using System.Net;
using IngressReconciler.Proxies;
using IngressReconciler.Workers;

namespace IngressReconciler.Tests.Harness;

/// <summary>The ports of an edge proxy.</summary>
/// <param name="Http">For HTTP.</param>
/// <param name="Https">For TLS.</param>
/// <param name="HttpProxy">For HTTP, after a PROXY header.</param>
/// <param name="HttpsProxy">For TLS, after a PROXY header.</param>
/// <param name="ProbeHttp">The control plane's own way through, for HTTP.</param>
/// <param name="ProbeHttps">The same for TLS.</param>
/// <param name="Balancer">The load balancer's probe, with or without a PROXY header.</param>
/// <param name="Admin">The Runtime API.</param>
/// <param name="Health">Liveness, readiness and metrics.</param>
public sealed record EdgePorts(int Http, int Https, int HttpProxy, int HttpsProxy, int ProbeHttp, int ProbeHttps, int Balancer, int Admin, int Health)
{
    /// <summary>Some that nobody listens on now.</summary>
    public static EdgePorts Free()
    {
        var free = FreePorts.Take(9);
        return new(free[0], free[1], free[2], free[3], free[4], free[5], free[6], free[7], free[8]);
    }
}

/// <summary>An edge proxy: a real HAProxy with the bootstrap <c>infra/haproxy/edge.cfg</c>, on loopback.</summary>
/// <param name="name">Its name.</param>
/// <param name="host">Its loopback address.</param>
/// <param name="ports">Its ports.</param>
/// <param name="pki">Whom it trusts, and who it is.</param>
/// <param name="log">The file that it writes to; null for one that goes with it.</param>
/// <param name="bootstrap">What it starts with; null for this release's.</param>
public sealed class EdgeProxy(
    string name, IPAddress host, EdgePorts ports, TestPki pki, string? log = null, IReadOnlyList<string>? bootstrap = null)
    : RealProxy(
        ProxyConfirmation.OfSetting($"{new ProxyAddress(name, $"{host}", ports.Admin)}", ProxyRole.Edge),
        pki,
        bootstrap ?? RunningHAProxy.Edge,
        Binds(ports),
        log)
{
    /// <summary>Its ports.</summary>
    public EdgePorts Ports => ports;

    private static Dictionary<string, int> Binds(EdgePorts ports) => new()
    {
        ["BIND_HTTP"] = ports.Http,
        ["BIND_HTTPS"] = ports.Https,
        ["BIND_HTTP_PROXY"] = ports.HttpProxy,
        ["BIND_HTTPS_PROXY"] = ports.HttpsProxy,
        ["BIND_PROBE_HTTP"] = ports.ProbeHttp,
        ["BIND_PROBE_HTTPS"] = ports.ProbeHttps,
        ["BIND_BALANCER"] = ports.Balancer,
        ["BIND_ADMIN"] = ports.Admin,
        ["BIND_HEALTH"] = ports.Health,
    };
}
