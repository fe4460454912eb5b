using System.Net;
using IngressReconciler.Proxies;
using IngressReconciler.Workers;

namespace IngressReconciler.Tests.Harness;

/// <summary>The ports of an ingress proxy.</summary>
public sealed record ProxyPorts(int Http, int Https, int HttpProxy, int HttpsProxy, int Admin, int Health)
{
    /// <summary>The bootstrap's own.</summary>
    public static ProxyPorts Usual { get; } = new(8080, 8443, 8081, 8444, 9443, 8404);

    /// <summary>Some that nobody listens on now.</summary>
    public static ProxyPorts Free()
    {
        var free = FreePorts.Take(6);
        return new(free[0], free[1], free[2], free[3], free[4], free[5]);
    }
}

/// <summary>An ingress proxy: a real HAProxy with the bootstrap <c>infra/haproxy/ingress.cfg</c>, on loopback.</summary>
/// <param name="name">Its name.</param>
/// <param name="host">Its loopback address.</param>
/// <param name="ports">Its ports.</param>
/// <param name="pki">Whom it trusts, and who it is.</param>
/// <param name="log">The file that it writes to; null for one that goes with it.</param>
/// <param name="bootstrap">What it starts with; null for this release's.</param>
public class IngressProxy(
    string name, IPAddress host, ProxyPorts ports, TestPki pki, string? log = null, IReadOnlyList<string>? bootstrap = null)
    : RealProxy(
        ProxyConfirmation.OfSetting($"{new ProxyAddress(name, $"{host}", ports.Admin)}"),
        pki,
        bootstrap ?? RunningHAProxy.Ingress,
        Binds(ports),
        log)
{
    /// <summary>Its ports.</summary>
    public ProxyPorts Ports => ports;

    private static Dictionary<string, int> Binds(ProxyPorts ports) => new()
    {
        ["BIND_HTTP"] = ports.Http,
        ["BIND_HTTPS"] = ports.Https,
        ["BIND_HTTP_PROXY"] = ports.HttpProxy,
        ["BIND_HTTPS_PROXY"] = ports.HttpsProxy,
        ["BIND_ADMIN"] = ports.Admin,
        ["BIND_HEALTH"] = ports.Health,
    };
}
