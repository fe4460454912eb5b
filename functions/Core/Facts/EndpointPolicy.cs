using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;

namespace IngressReconciler.Facts;

/// <summary>Why an address gets no server.</summary>
/// <param name="Reason">One word in CamelCase for programs.</param>
/// <param name="What">What the address is: the sentence goes on after "is".</param>
/// <param name="Cure">What to do: an imperative, without a full stop.</param>
/// <param name="OfOwn">Whether it is so only as long as the address is another part's of ours.</param>
internal sealed record AddressRefusal(string Reason, string What, string Cure, bool OfOwn = false);

/// <summary>
/// Which addresses a proxy may be led to: what an operator sets, and the addresses that our own parts have now. Nothing but
/// <see cref="EndpointAddress"/> asks it, and no server has an address that is none.
/// </summary>
public sealed class EndpointPolicy
{
    private const string NameAPod = "name the address of a Pod";

    private readonly AddressOptions options;
    private readonly bool allowLoopback;
    private readonly OwnAddresses own;
    private readonly ImmutableArray<NetworkBits> networks;

    private EndpointPolicy(AddressOptions options, bool allowLoopback, OwnAddresses own, ImmutableArray<NetworkBits> networks) =>
        (this.options, this.allowLoopback, this.own, this.networks) = (options, allowLoopback, own, networks);

    /// <summary>The policy in a whole state.</summary>
    public static EndpointPolicy Of(RoutingOptions options, ClusterState state)
    {
        var networks = options.Addresses.PodNetworks.Select(one => new NetworkBits(one));
        return new(options.Addresses, options.AllowLoopbackEndpoints, OwnAddresses.Of(options, state), [.. networks]);
    }

    /// <summary>The policy after some changes.</summary>
    /// <param name="differences">What differs.</param>
    /// <returns>
    /// The policy, and whether it judges the addresses of a set of endpoints in another way than before; null when it judges all alike.
    /// </returns>
    public (EndpointPolicy Next, Func<EndpointSet, bool>? Concerns) After(IEnumerable<ResourceDifference> differences) =>
        With(own.After(differences));

    /// <summary>The policy beside edge proxies at these addresses, which come and go without any change of the cluster.</summary>
    /// <returns>As <see cref="After"/>.</returns>
    public (EndpointPolicy Next, Func<EndpointSet, bool>? Concerns) Beside(IEnumerable<IPAddress> edges) => With(own.Beside(edges));

    /// <summary>Why an address cannot be one that a slice names; null when it can.</summary>
    /// <param name="address">The address.</param>
    /// <param name="scope">The slice's namespace.</param>
    internal AddressRefusal? OfSlice(IPAddress address, string scope)
    {
        if (Common(address) is { } refusal)
            return refusal;
        if (allowLoopback && IPAddress.IsLoopback(address))
            return null; // all parts of a local run share these
        var bits = AddressBits.Of(address);
        if (OfOwn(bits, scope, "") is { } ours)
            return ours;
        foreach (var one in CarriedAddresses.In(address))
        {
            if (OfOwn(AddressBits.Of(one.Address), scope, $"{one}, ") is { } inside)
                return inside;
        }

        return networks.IsEmpty || IsInNetworks(bits)
            ? null
            : new(
                "OutsidePodNetworks",
                "outside of the networks that setting PodNetworks lists",
                $"{NameAPod}, or have the operator add the network to PodNetworks");
    }

    /// <summary>Why an address cannot be that of a node which its own object names; null when it can.</summary>
    internal AddressRefusal? OfNode(IPAddress address) => Common(address);

    /// <summary>Why a slice is not read at all; null when it is.</summary>
    internal string? Refuses(EndpointSlice slice, Service service)
    {
        if (!options.ManagedSlicesOnly.Has(slice.Metadata.Namespace))
            return null;
        var manager = slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ManagerLabel);
        var isSelecting = service.Spec.Selector is { Count: > 0 };

        // The label alone proves nothing. Each of the two puts right what bears its name, but only where the Service is one of its own.
        if (manager == (isSelecting ? EndpointSlice.Controller : EndpointSlice.MirroringController))
            return null;
        return $"label {EndpointSlice.ManagerLabel} is {KubernetesName.Show(manager)}, and setting ManagedSlicesOnly has only slices read here "
            + $"that Kubernetes' own controllers keep: {EndpointSlice.Controller} for a Service with spec.selector, "
            + $"{EndpointSlice.MirroringController} for one without";
    }

    private (EndpointPolicy Next, Func<EndpointSet, bool>? Concerns) With((OwnAddresses Next, ImmutableHashSet<UInt128> Moved) now)
    {
        if (now.Moved.IsEmpty)
            return (this, null);
        return (
            new(options, allowLoopback, now.Next, networks),
            set => set.Excluded.Items.Any(one => one.OfOwn)
                || set.Endpoints.Items.Any(one => !one.AtNode && IsAmong(one.Address.Value, now.Moved)));
    }

    private AddressRefusal? Common(IPAddress address)
    {
        if (allowLoopback && IPAddress.IsLoopback(address))
            return null;
        if (ReservedNetworks.Find(AddressBits.Of(address), address.AddressFamily) is { } reserved)
            return Reserved(reserved, "");
        foreach (var one in CarriedAddresses.In(address))
        {
            if (ReservedNetworks.Find(AddressBits.Of(one.Address), AddressFamily.InterNetwork) is { } inside)
                return Reserved(inside, $"{one}, ");
        }

        return null;
    }

    private static AddressRefusal Reserved(ReservedNetwork network, string form) =>
        new("ReservedAddress", $"{form}{network.What}, and no Pod's", NameAPod);

    private AddressRefusal? OfOwn(UInt128 address, string scope, string form)
    {
        var owners = own.Find(address);
        if (owners.Count == 0)
            return null;
        var isNode = owners[^1] == AddressOwner.Node;
        if (isNode && options.HostNetworkNamespaces.Has(scope))
            return null;
        var what = owners[0] switch
        {
            AddressOwner.ApiServer => "an address of the API server",
            AddressOwner.IngressProxy => "the address of an ingress proxy",
            AddressOwner.Edge => "an address of the edge",
            _ => "the address of a node",
        };
        var cure = isNode
            ? $"{NameAPod}; if the Pods run with hostNetwork, have the operator add namespace {scope} to setting HostNetworkNamespaces"
            : NameAPod;
        return new("OwnAddress", form + what, cure, OfOwn: true);
    }

    private bool IsInNetworks(UInt128 address)
    {
        foreach (var network in networks)
        {
            if (network.Has(address))
                return true;
        }

        return false;
    }

    private static bool IsAmong(IPAddress address, ImmutableHashSet<UInt128> some) =>
        some.Contains(AddressBits.Of(address)) || CarriedAddresses.In(address).Any(one => some.Contains(AddressBits.Of(one.Address)));
}
