using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>v1 ConfigMap: only one that an option names travels, such as an ingress controller's that is taken over from.</summary>
public sealed record ConfigMap : Resource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.ConfigMap;

    /// <summary>Its settings.</summary>
    public Dictionary<string, string>? Data { get; init; }
}
