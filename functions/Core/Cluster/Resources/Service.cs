using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>v1 Service. Traffic goes to the endpoints, never to its ClusterIP.</summary>
public sealed record Service : Resource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.Service;

    /// <summary>Type, ports, address families.</summary>
    public ServiceSpec Spec { get; init => field = value ?? new(); } = new();
}

/// <summary><c>Service.spec</c>.</summary>
public sealed record ServiceSpec
{
    /// <summary>ClusterIP, NodePort, LoadBalancer or ExternalName.</summary>
    public string? Type { get; init; }

    /// <summary>IPv4, IPv6 or both, the preferred one first.</summary>
    public string[]? IpFamilies { get; init; }

    /// <summary>Cluster (also when null) or Local: whether a node passes connections on to other nodes, under its own address.</summary>
    public string? ExternalTrafficPolicy { get; init; }

    /// <summary>What Pods are chosen by; null or empty when somebody else makes the endpoints.</summary>
    public Dictionary<string, string>? Selector { get; init; }

    /// <summary>Its addresses in the cluster, or <c>None</c>. Only the API server's are looked at, so that no slice leads there.</summary>
    [JsonPropertyName("clusterIPs")]
    public string[]? ClusterIPs { get; init; }

    /// <summary>The ports.</summary>
    public ServicePort[]? Ports { get; init; }
}

/// <summary>One port of a Service. Which port of the pods it leads to is said by the EndpointSlice port of the same name.</summary>
/// <param name="Name">Port name; null or empty on a Service with a single port.</param>
/// <param name="Port">The Service's port number.</param>
/// <param name="Protocol">TCP (also when null), UDP or SCTP.</param>
/// <param name="AppProtocol">Application protocol (KEP-3726): <c>kubernetes.io/h2c</c>, <c>https</c> …</param>
/// <param name="NodePort">The port of each node that leads to it; 0 or null for none.</param>
public sealed record ServicePort(string? Name, int Port, string? Protocol, string? AppProtocol, int? NodePort = null);
