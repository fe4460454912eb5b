using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
public sealed record EndpointSlice : Resource
{
    /// <summary>The label that names the Service a slice belongs to.</summary>
    public const string ServiceLabel = "kubernetes.io/service-name";

    /// <summary>The label that names the controller that keeps a slice.</summary>
    public const string ManagerLabel = "endpointslice.kubernetes.io/managed-by";

    /// <summary>Kubernetes' controller that makes the slices of Services with a selector.</summary>
    public const string Controller = "endpointslice-controller.k8s.io";

    /// <summary>Kubernetes' controller that copies Endpoints, of Services without a selector, to slices.</summary>
    public const string MirroringController = "endpointslicemirroring-controller.k8s.io";

    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.EndpointSlice;

    /// <summary>IPv4, IPv6 or FQDN.</summary>
    public string? AddressType { get; init; }

    /// <summary>The addresses and their conditions.</summary>
    public SliceEndpoint[]? Endpoints { get; init; }

    /// <summary>The pods' ports.</summary>
    public SlicePort[]? Ports { get; init; }

    /// <summary>The Service this slice belongs to; null when the label is missing.</summary>
    [JsonIgnore]
    public ResourceKey? Service =>
        Metadata.Labels?.GetValueOrDefault(ServiceLabel) is { Length: > 0 } name ? new(ResourceKind.Service, Metadata.Namespace, name) : null;
}

/// <summary>One endpoint of a slice.</summary>
/// <param name="Addresses">Its addresses; the first counts, the API gives the others no meaning.</param>
/// <param name="Conditions">Ready, serving, terminating.</param>
/// <param name="TargetRef">The Pod behind it.</param>
/// <param name="NodeName">The node it is on.</param>
/// <param name="Zone">The zone it is in.</param>
public sealed record SliceEndpoint(string?[]? Addresses, SliceConditions? Conditions, SliceTarget? TargetRef, string? NodeName, string? Zone);

/// <summary>Conditions of an endpoint; each may be unset.</summary>
/// <param name="Ready">Unset means ready.</param>
/// <param name="Serving">Unset means serving.</param>
/// <param name="Terminating">Unset means not terminating.</param>
public readonly record struct SliceConditions(bool? Ready, bool? Serving, bool? Terminating);

/// <summary>What an endpoint stands for.</summary>
/// <param name="Kind">Usually Pod.</param>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">Its namespace; the slice's own when unset.</param>
public sealed record SliceTarget(string? Kind, string? Name, string? Namespace);

/// <summary>One port of a slice.</summary>
/// <param name="Name">Equal to the Service port's name; null or empty for an unnamed one.</param>
/// <param name="Port">The pods' port; null means no port.</param>
/// <param name="Protocol">TCP when null.</param>
public sealed record SlicePort(string? Name, int? Port, string? Protocol);
