using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>
/// The part of a proxy that a push looks at: what changed since the proxy was last seen to run what was wanted. Changes add up until a push has
/// succeeded; what was not touched is neither read nor planned.
/// </summary>
/// <param name="role">What the proxy is for.</param>
public sealed class PlanScope(ProxyRole role = ProxyRole.Ingress)
{
    /// <summary>What the proxy is for.</summary>
    public ProxyRole Role => role;

    /// <summary>Look at everything: the proxy is new, or what it runs is not known.</summary>
    public bool Everything { get; private init; }

    /// <summary>Backends that are looked at, each as it was before the first change; null if it is new.</summary>
    public Dictionary<string, BackendConfig?> Backends { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys of routes that are looked at.</summary>
    public HashSet<string> Routes { get; } = new(StringComparer.Ordinal);

    /// <summary>Certificates that are looked at.</summary>
    public HashSet<CertificateReference> Certificates { get; } = [];

    /// <summary>Look at who may send PROXY headers.</summary>
    public bool ProxySources { get; private set; }

    /// <summary>Look at the version that the proxy says, though nothing else differs.</summary>
    public bool Version { get; set; }

    /// <summary>Whether there is nothing to look at.</summary>
    public bool IsEmpty => !Everything && !Version && !ProxySources && Backends.Count == 0 && Routes.Count == 0 && Certificates.Count == 0;

    /// <summary>Everything.</summary>
    public static PlanScope All(ProxyRole role = ProxyRole.Ingress) => new(role) { Everything = true };

    /// <summary>Whether a part of the proxy is looked at.</summary>
    public bool Touches(ProxyPart part) => Everything || part.Kind switch
    {
        PartKind.Backend or PartKind.Server => Backends.ContainsKey(part.Backend.ToString()),
        PartKind.Route => Routes.Contains(part.Name),
        PartKind.RouteMap => Routes.Count > 0,
        _ when part.IsOfCertificate =>
            Certificates.Any(reference => part.Name.StartsWith(HAProxyNames.CertificatePrefix(reference), StringComparison.Ordinal)),
        _ => ProxySources,
    };

    /// <summary>Adds what a change touched.</summary>
    public void Add(HAProxyDifference difference)
    {
        if (Everything)
            return;
        foreach (var (name, before) in difference.Backends)
            Backends.TryAdd(name, before);
        Routes.UnionWith(difference.Routes);
        Certificates.UnionWith(difference.Certificates);
        ProxySources |= difference.ProxySources;
    }
}
