using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>What the routes of a model use, counted so that a change of one host costs that host: upstreams, and hosts by certificate.</summary>
public sealed record ModelUses
{
    /// <summary>Nothing is used.</summary>
    public static ModelUses None { get; } = new();

    /// <summary>Every upstream that some route names, with how many do.</summary>
    public ImmutableDictionary<Upstream, int> Upstreams { get; private init; } = ImmutableDictionary<Upstream, int>.Empty;

    /// <summary>The upstreams at each Service.</summary>
    public ImmutableDictionary<ResourceKey, ImmutableHashSet<Upstream>> UpstreamsOf { get; private init; } = ImmutableDictionary<ResourceKey, ImmutableHashSet<Upstream>>.Empty;

    /// <summary>The upstreams that are reached at nodes.</summary>
    public ImmutableHashSet<Upstream> AtNodes { get; private init; } = [];

    /// <summary>The hosts that each certificate is served for; the default one where it is kept while there is none of their own.</summary>
    public ImmutableDictionary<CertificateReference, ImmutableHashSet<string>> HostsOf { get; private init; } = ImmutableDictionary<CertificateReference, ImmutableHashSet<string>>.Empty;

    /// <summary>The uses after some hosts changed.</summary>
    public ModelUses After(IEnumerable<HostDifference> hosts)
    {
        var upstreams = Upstreams.ToBuilder();
        var services = new MultimapBuilder<ResourceKey, Upstream>(UpstreamsOf);
        var nodes = AtNodes.ToBuilder();
        var certificates = new MultimapBuilder<CertificateReference, string>(HostsOf);
        foreach (var host in hosts)
        {
            RouteDifference[] routes = [.. host.Routes];
            foreach (var upstream in Named(routes.Select(route => route.After)))
            {
                upstreams[upstream] = upstreams.GetValueOrDefault(upstream) + 1;
                services.Add(ServiceOf(upstream), upstream);
                if (upstream.AtNodes)
                    nodes.Add(upstream);
            }

            foreach (var upstream in Named(routes.Select(route => route.Before)))
            {
                if (--upstreams[upstream] > 0)
                    continue;
                upstreams.Remove(upstream);
                services.Remove(ServiceOf(upstream), upstream);
                nodes.Remove(upstream);
            }

            foreach (var old in Shown(host.Before))
                certificates.Remove(old, host.Host.Host);
            foreach (var now in Shown(host.After))
                certificates.Add(now, host.Host.Host);
        }

        return new() { Upstreams = upstreams.ToImmutable(), UpstreamsOf = services.ToImmutable(), AtNodes = nodes.ToImmutable(), HostsOf = certificates.ToImmutable() };
    }

    /// <summary>The Service behind an upstream.</summary>
    public static ResourceKey ServiceOf(Upstream upstream) => new(ResourceKind.Service, upstream.Namespace, upstream.Service);

    /// <summary>The certificates that clients of a host may be shown by its name.</summary>
    public static IEnumerable<CertificateReference> Shown(HostRoutes? host)
    {
        if (host?.Certificate is { } own)
            yield return own;
        if (host is { KeepsDefaultCertificate: true })
            yield return CertificateReference.Default;
    }

    private static IEnumerable<Upstream> Named(IEnumerable<Route?> routes) =>
        routes.OfType<Route>().SelectMany(route => route.Backends.Items).Select(backend => backend.Upstream);
}
