using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>v1 Pod: of all Pods only the ingress proxies' own travel.</summary>
public sealed record Pod : Resource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.Pod;

    /// <summary>Node and ports.</summary>
    public PodSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>Phase and addresses.</summary>
    public PodStatus Status { get; init => field = value ?? new(); } = new();
}

/// <summary><c>Pod.spec</c>.</summary>
public sealed record PodSpec
{
    /// <summary>The node it runs on; null before it is scheduled.</summary>
    public string? NodeName { get; init; }

    /// <summary>Its containers.</summary>
    public PodContainer[]? Containers { get; init; }
}

/// <summary>One container.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ports">The ports that it declares.</param>
public sealed record PodContainer(string? Name, ContainerPort[]? Ports);

/// <summary>One port of a container.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Port">The port at the Pod's address.</param>
/// <param name="HostPort">The port at the node's address that leads to it; 0 or null for none.</param>
public sealed record ContainerPort(string? Name, [property: JsonPropertyName("containerPort")] int Port, int? HostPort);

/// <summary><c>Pod.status</c>.</summary>
public sealed record PodStatus
{
    /// <summary>Pending, Running, Succeeded, Failed or Unknown.</summary>
    public string? Phase { get; init; }

    /// <summary>The Pod's address; null until it has one.</summary>
    public string? PodIP { get; init; }

    /// <summary>The Pod's addresses in both families; null until it has one.</summary>
    [JsonPropertyName("podIPs")]
    public PodAddress[]? PodIPs { get; init; }

    /// <summary>The node's address.</summary>
    public string? HostIP { get; init; }
}

/// <summary>One address of a Pod.</summary>
/// <param name="IP">The address.</param>
public sealed record PodAddress([property: JsonPropertyName("ip")] string? IP);
