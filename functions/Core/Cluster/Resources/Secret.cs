using System.Text.Json;
using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>
/// A Secret of type kubernetes.io/tls as it travels: never with its key.
/// </summary>
public sealed record Secret : Resource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.Secret;

    /// <summary>Secret type; only kubernetes.io/tls is of use.</summary>
    public string? Type { get; init; }

    /// <summary>SHA-256 of certificate and key, 64 lower-case hexadecimal digits: what changes when either does.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The public certificate chain, PEM.</summary>
    public string? Chain { get; init; }

    /// <summary>Present only in an event of a relay that does not trim; such an event is refused.</summary>
    public Dictionary<string, JsonElement>? Data { get; init; }
}
