using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>What an operator sets, for one cluster, that routing depends on.</summary>
public sealed record RoutingOptions
{
    /// <summary>The controller name of our own IngressClasses.</summary>
    public const string OwnController = "ingressreconciler.dev/ingress-controller";

    /// <summary>IngressClasses with one of these in <c>spec.controller</c> are ours. Add <c>k8s.io/ingress-nginx</c> to take over from it.</summary>
    public ImmutableHashSet<string> Controllers { get; init; } = [OwnController];

    /// <summary>Class names that are ours although no IngressClass object of that name exists (the old annotation allowed that).</summary>
    public ImmutableHashSet<string> ClassNames { get; init; } = [];

    /// <summary>What clients connect to and who speaks PROXY protocol to it.</summary>
    public RoutingSettings Settings { get; init; } = new()
    {
        Listeners =
        [
            new("http", 80, ListenerProtocol.Http, IngressTranslation.Table),
            new("https", 443, ListenerProtocol.Https, IngressTranslation.Table, TlsMode.Terminate),
        ],
    };

    /// <summary>Which namespace a host belongs to.</summary>
    public HostOwnership Ownership { get; init; } = HostOwnership.ByAge;

    /// <summary>What stands in front of the NodePorts; null when that is not known to us.</summary>
    public EdgeOptions? Edge { get; init; }

    /// <summary>The Service of the ingress proxies, whose NodePorts are the way in.</summary>
    public ResourceKey ProxyService { get; init; } = new(ResourceKind.Service, ProxyPods.Default.Namespace, "ingress-proxy");

    /// <summary>The ConfigMap of a controller that is taken over from; null for none.</summary>
    public ResourceKey? ConfigMap { get; init; }

    /// <summary>Where Secrets are read: a certificate elsewhere is never seen.</summary>
    public SecretScope Secrets { get; init; } = SecretScope.Everywhere;

    /// <summary>Which fresh lists of the cluster are not believed at once.</summary>
    public MassDeletionLimits MassDeletion { get; init; } = new();

    /// <summary>
    /// Whether an EndpointSlice may name a loopback address. Only for local runs: from a cluster, it would point a proxy at itself.
    /// </summary>
    public bool AllowLoopbackEndpoints { get; init; }

    /// <summary>Which addresses EndpointSlices may name.</summary>
    public AddressOptions Addresses { get; init; } = new();
}
