using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>v1 Node: what may stand behind the edge.</summary>
public sealed record Node : Resource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.Node;

    /// <summary>The label, with whatever value, of a node that load balancers lead nobody to (well-known labels: <c>node.kubernetes.io/exclude-from-external-load-balancers</c>).</summary>
    public const string Excluded = "node.kubernetes.io/exclude-from-external-load-balancers";

    /// <summary>Whether new connections are to be kept away: it is cordoned, so about to be drained, or load balancers are told to leave it out.</summary>
    [JsonIgnore]
    public bool IsLeaving => Spec.Unschedulable || Metadata.Labels?.ContainsKey(Excluded) == true;

    /// <summary>Whether it is cordoned.</summary>
    public NodeSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>Its addresses.</summary>
    public NodeStatus Status { get; init => field = value ?? new(); } = new();
}

/// <summary><c>Node.spec</c>.</summary>
public sealed record NodeSpec
{
    /// <summary>Whether new Pods are kept away: the node is about to be drained.</summary>
    public bool Unschedulable { get; init; }

    /// <summary>The networks that its Pods get their addresses from, where the cluster and not its network plugin hands them out.</summary>
    [JsonPropertyName("podCIDRs")]
    public string[]? PodCidrs { get; init; }
}

/// <summary><c>Node.status</c>.</summary>
public sealed record NodeStatus
{
    /// <summary>Its addresses.</summary>
    public NodeAddress[]? Addresses { get; init; }
}

/// <summary>One address of a node.</summary>
/// <param name="Type">InternalIP, ExternalIP, Hostname, InternalDNS or ExternalDNS.</param>
/// <param name="Address">The address or name.</param>
public sealed record NodeAddress(string? Type, string? Address);
