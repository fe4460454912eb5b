using System.Collections.Immutable;
using System.Net;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>
/// Which addresses EndpointSlices may name, besides what no slice may: link-local, multicast, clouds' own addresses. Whoever may write
/// EndpointSlices in a namespace can name any address, and proxies connect from inside the cluster's network.
/// </summary>
public sealed record AddressOptions
{
    /// <summary>The networks of Pods, and of other backends that slices may name; none means that any network will do.</summary>
    public ValueList<IPNetwork> PodNetworks { get; init; } = [];

    /// <summary>
    /// Namespaces whose slices may name nodes, because their Pods run with <c>hostNetwork</c>. No slice proves that: any writer of one can name
    /// any node and any Pod.
    /// </summary>
    public NamespaceList HostNetworkNamespaces { get; init; } = NamespaceList.None;

    /// <summary>Namespaces in which only slices count that Kubernetes' own controllers keep.</summary>
    public NamespaceList ManagedSlicesOnly { get; init; } = NamespaceList.None;

    /// <summary>Which Pods are ingress proxies, whose addresses no slice may name; null when they are not found by their Pods.</summary>
    public ProxyPods? Proxies { get; init; } = ProxyPods.Default;

    /// <summary>Addresses of our own parts that are known without the cluster.</summary>
    public ValueList<OwnedAddress> Own { get; init; } = [];
}

/// <summary>Whose an address is that no Pod has. What comes first counts where an address is several parts'.</summary>
public enum AddressOwner
{
    /// <summary>The API server.</summary>
    ApiServer,

    /// <summary>An ingress proxy.</summary>
    IngressProxy,

    /// <summary>An edge proxy, or the load balancer that clients reach.</summary>
    Edge,

    /// <summary>A node.</summary>
    Node,
}

/// <summary>An address and whose it is.</summary>
/// <param name="Address">The address.</param>
/// <param name="Owner">Whose it is.</param>
public readonly record struct OwnedAddress(IPAddress Address, AddressOwner Owner);

/// <summary>Namespaces as an operator lists them.</summary>
/// <param name="All">Every namespace.</param>
/// <param name="Names">These.</param>
public sealed record NamespaceList(bool All, ImmutableHashSet<string> Names)
{
    /// <summary>No namespace.</summary>
    public static NamespaceList None { get; } = new(false, []);

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => !All && Names.IsEmpty;

    /// <summary>Whether a namespace is among them.</summary>
    public bool Has(string name) => All || Names.Contains(name);

    /// <summary>Reads names with commas between, or <c>*</c> for every namespace.</summary>
    /// <exception cref="FormatException">One is no namespace's name.</exception>
    public static NamespaceList Parse(string text)
    {
        var names = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names is ["*"])
            return new(true, []);
        return names.FirstOrDefault(name => !KubernetesName.IsLabel(name)) is { } wrong
            ? throw new FormatException(
                $"{KubernetesName.Show(wrong)} is no namespace's name; expected names with commas between, or * alone for all")
            : new(false, [.. names]);
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => All ? "*" : string.Join(',', Names.Order(StringComparer.Ordinal));
}
