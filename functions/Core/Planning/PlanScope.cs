using IngressReconciler.Endpoints;
using IngressReconciler.Routing;

namespace IngressReconciler.Planning;

/// <summary>
/// The part of a proxy that a push looks at: what changed since the proxy was last seen to run what was wanted. Changes add up until a push has
/// succeeded; what was not touched is neither read nor planned.
/// </summary>
/// <param name="role">What the proxy is for: what is for others is never in its scope.</param>
public sealed class PlanScope(ProxyRole role = ProxyRole.Ingress)
{
    /// <summary>What the proxy is for.</summary>
    public ProxyRole Role => role;

    /// <summary>Look at everything: the proxy is new, or what it runs is not known.</summary>
    public bool Everything { get; private init; }

    /// <summary>Upstreams whose backend is looked at, each with the endpoints it had before the first change; null if it was not in use.</summary>
    public Dictionary<Upstream, EndpointSet?> Upstreams { get; } = [];

    /// <summary>Hosts whose routes are looked at, each with every key it may have on the proxy.</summary>
    public Dictionary<HostKey, HashSet<string>> Hosts { get; } = [];

    /// <summary>Certificates that are looked at.</summary>
    public HashSet<CertificateReference> Certificates { get; } = [];

    /// <summary>Look at who may send PROXY headers.</summary>
    public bool ProxySources { get; private set; }

    /// <summary>Look at the version that the proxy says, though nothing else differs.</summary>
    public bool Version { get; set; }

    /// <summary>Whether there is nothing to look at.</summary>
    public bool IsEmpty => !Everything && !Version && !ProxySources && Upstreams.Count == 0 && Hosts.Count == 0 && Certificates.Count == 0;

    /// <summary>Everything.</summary>
    public static PlanScope All(ProxyRole role = ProxyRole.Ingress) => new(role) { Everything = true };

    /// <summary>Whether the proxy has such a backend.</summary>
    public bool Concerns(Upstream upstream) => upstream.AtNodes == (role == ProxyRole.Edge);

    /// <summary>Whether the proxy has the routes of such a host.</summary>
    public bool Concerns(HostKey host) => EdgeTables.Contains(host.Table) == (role == ProxyRole.Edge);

    /// <summary>Whether a part of the proxy is looked at.</summary>
    public bool Touches(ProxyPart part) => Everything || part.Kind switch
    {
        PartKind.Backend or PartKind.Server => Upstreams.Keys.Any(upstream => part.Backend.SequenceEqual(HAProxyNames.Backend(upstream))),
        PartKind.Route => Hosts.Values.Any(keys => keys.Contains(part.Name)),
        PartKind.RouteMap => Hosts.Count > 0,
        _ when part.IsOfCertificate =>
            Certificates.Any(reference => part.Name.StartsWith(HAProxyNames.CertificatePrefix(reference), StringComparison.Ordinal)),
        _ => ProxySources,
    };

    /// <summary>Adds what a change touched.</summary>
    public void Add(WantedDifference difference)
    {
        if (Everything)
            return;
        foreach (var (upstream, before) in difference.Upstreams.Where(one => Concerns(one.Upstream)))
            Upstreams.TryAdd(upstream, before);
        if (role == ProxyRole.Ingress)
        {
            Certificates.UnionWith(difference.Certificates);
            ProxySources |= difference.Settings is not null;
        }

        foreach (var (host, before, after) in difference.Hosts.Where(one => Concerns(one.Host)))
        {
            var keys = Hosts.TryGetValue(host, out var known) ? known : Hosts[host] = [];
            keys.UnionWith(HAProxyRoutes.Entries(host, before).Keys);
            keys.UnionWith(HAProxyRoutes.Entries(host, after).Keys);
        }
    }
}
