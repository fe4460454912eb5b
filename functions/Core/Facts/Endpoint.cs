using IngressReconciler.Routing;

namespace IngressReconciler.Facts;

/// <summary>Whether an endpoint takes requests.</summary>
public enum EndpointState
{
    /// <summary>Takes new requests.</summary>
    Ready,

    /// <summary>Finishes what it has; takes only requests that are bound to it.</summary>
    Draining,
}

/// <summary>One address behind an upstream, and where it came from.</summary>
/// <param name="Address">The pod's address, or the node's.</param>
/// <param name="Port">The pod's port, or the node's.</param>
/// <param name="State">Whether it takes requests.</param>
/// <param name="Pod">The pod's name; null when the slice names none.</param>
/// <param name="Node">The node it is on.</param>
/// <param name="Zone">The zone it is in.</param>
/// <param name="Slice">The EndpointSlice that named it.</param>
/// <param name="AtNode">Whether it is a port of the node, which leads to the pods there.</param>
public sealed record Endpoint(
    EndpointAddress Address, int Port, EndpointState State, string? Pod, string? Node, string? Zone, string Slice, bool AtNode = false);

/// <summary>An address of a slice that gets no requests, and why: the answer to "why is my pod not there".</summary>
/// <param name="Address">The address as the slice has it.</param>
/// <param name="Pod">The pod's name, if known.</param>
/// <param name="Slice">The EndpointSlice.</param>
/// <param name="Reason">Why not.</param>
/// <param name="OfOwn">Whether it is so only as long as the address is that of a node, a proxy or the API server.</param>
public sealed record ExcludedEndpoint(string Address, string? Pod, string Slice, string Reason, bool OfOwn = false);

/// <summary>All endpoints of one upstream at one moment.</summary>
/// <param name="Endpoints">By address and port; none means 503.</param>
/// <param name="Excluded">What the slices name besides.</param>
/// <param name="Findings">What is wrong with the slices.</param>
public sealed record EndpointSet(ValueList<Endpoint> Endpoints, ValueList<ExcludedEndpoint> Excluded, ValueList<Finding> Findings)
{
    /// <summary>No endpoint.</summary>
    public static EndpointSet None { get; } = new([], [], []);
}
