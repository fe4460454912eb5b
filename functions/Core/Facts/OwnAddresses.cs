using System.Collections.Immutable;
using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;

namespace IngressReconciler.Facts;

/// <summary>
/// The addresses that nodes, the API server, ingress proxies and the edge have: from the settings, and from what the cluster's objects say now.
/// Follows changes at their cost.
/// </summary>
public sealed class OwnAddresses
{
    private readonly ImmutableDictionary<UInt128, ValueList<AddressOwner>> owners;
    private readonly ProxyPods? proxies;
    private readonly ImmutableArray<OwnedAddress> edges;

    private OwnAddresses(
        ImmutableDictionary<UInt128, ValueList<AddressOwner>> owners, ProxyPods? proxies, ImmutableArray<OwnedAddress> edges) =>
        (this.owners, this.proxies, this.edges) = (owners, proxies, edges);

    /// <summary>Those of a whole state.</summary>
    public static OwnAddresses Of(RoutingOptions options, ClusterState state)
    {
        var named = options.Addresses.Own.Concat(OfEdge(options)).ToHashSet();
        var none = new OwnAddresses(ImmutableDictionary<UInt128, ValueList<AddressOwner>>.Empty, options.Addresses.Proxies, []);
        var all = none.With([], named, []).Next;
        return all.After(state.Resources.Values.Where(Concerns).Select(one => new ResourceDifference(one.Key, null, one))).Next;
    }

    /// <summary>Those after some changes.</summary>
    /// <returns>The addresses, and those of them that have become somebody's, or somebody else's, or nobody's.</returns>
    internal (OwnAddresses Next, ImmutableHashSet<UInt128> Moved) After(IEnumerable<ResourceDifference> differences)
    {
        List<OwnedAddress> gone = [], come = [];
        foreach (var (_, before, after) in differences)
        {
            if (before is not null && Concerns(before))
                gone.AddRange(NamedBy(before));
            if (after is not null && Concerns(after))
                come.AddRange(NamedBy(after));
        }

        return With(gone, come, edges);
    }

    /// <summary>Those with edge proxies at these addresses, and at no others that were named in this way.</summary>
    /// <returns>As <see cref="After"/>.</returns>
    internal (OwnAddresses Next, ImmutableHashSet<UInt128> Moved) Beside(IEnumerable<IPAddress> addresses)
    {
        ImmutableArray<OwnedAddress> now = [.. addresses.Select(one => new OwnedAddress(one, AddressOwner.Edge))];
        return With(edges, now, now);
    }

    /// <summary>Whose an address is, each once for each object that says so; none when it is nobody's that we know.</summary>
    internal ValueList<AddressOwner> Find(UInt128 address) => owners.GetValueOrDefault(address);

    private (OwnAddresses Next, ImmutableHashSet<UInt128> Moved) With(
        IReadOnlyCollection<OwnedAddress> gone, IReadOnlyCollection<OwnedAddress> come, ImmutableArray<OwnedAddress> edges)
    {
        if (gone.SequenceEqual(come))
            return (this, []);
        var next = owners.ToBuilder();
        foreach (var (address, owner) in gone.Select(Key))
        {
            var left = new ValueList<AddressOwner>(next[address].Items.Remove(owner));
            if (left.Count == 0)
                next.Remove(address);
            else
                next[address] = left;
        }

        foreach (var (address, owner) in come.Select(Key))
            next[address] = next.GetValueOrDefault(address).Append(owner).Order().ToValueList();
        var after = next.ToImmutable();
        var moved = gone.Concat(come).Select(one => Key(one).Address)
            .Where(address => owners.GetValueOrDefault(address) != after.GetValueOrDefault(address));
        return (new(after, proxies, edges), [.. moved]);

        static (UInt128 Address, AddressOwner Owner) Key(OwnedAddress one) => (AddressBits.Of(one.Address), one.Owner);
    }

    /// <summary>Of slices only the one that the API server itself keeps: others with its label may be anybody's.</summary>
    private static bool Concerns(Resource resource) => resource switch
    {
        Node or Pod => true,
        Service or EndpointSlice => resource.Key with { Kind = ResourceKind.Service } == ClusterHistory.IdentityKey,
        _ => false,
    };

    private IEnumerable<OwnedAddress> NamedBy(Resource resource) => resource switch
    {
        Node node => Read((node.Status.Addresses ?? []).Select(one => one?.Address), AddressOwner.Node),
        Pod pod when proxies?.Has(pod) == true => OfProxy(pod.Status),
        Service service => Read(service.Spec.ClusterIPs ?? [], AddressOwner.ApiServer),
        EndpointSlice slice => Read((slice.Endpoints ?? []).SelectMany(one => one?.Addresses ?? []), AddressOwner.ApiServer),
        _ => [],
    };

    /// <summary>A proxy on its node's network has the node's addresses, and so may other Pods there.</summary>
    private static IEnumerable<OwnedAddress> OfProxy(PodStatus pod)
    {
        var own = Read((pod.PodIPs ?? []).Select(one => one?.IP).Append(pod.PodIP), AddressOwner.IngressProxy).Distinct().ToArray();
        var node = Read([pod.HostIP], AddressOwner.Node).ToArray();
        return node is [var (host, _)] ? own.Where(one => !one.Address.Equals(host)).Concat(node) : own;
    }

    /// <summary>Of the networks that edge proxies connect from those of one address.</summary>
    private static IEnumerable<OwnedAddress> OfEdge(RoutingOptions options)
    {
        foreach (var source in options.Edge?.Sources ?? [])
        {
            if (IPNetwork.TryParse(source, out var network) && network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8)
                yield return new(network.BaseAddress, AddressOwner.Edge);
        }
    }

    private static IEnumerable<OwnedAddress> Read(IEnumerable<string?> texts, AddressOwner owner)
    {
        foreach (var text in texts)
        {
            if (text is { Length: > 0 and <= 45 } && IPAddress.TryParse(text, out var address))
                yield return new(address, owner);
        }
    }
}
