using System.Text.Json;
using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>
/// How far the edge and the ingress proxies speak PROXY protocol with each other. No object of Kubernetes: <c>proxy-protocol enable</c> and
/// <c>disable</c> write it, and it stands in the journal as objects do, so that everybody sees its changes in one order with all others.
/// </summary>
public sealed record ProxyProtocol : Resource
{
    /// <summary>The one there is.</summary>
    public static ResourceKey EdgeKey { get; } = new(ResourceKind.ProxyProtocol, "", "edge");

    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.ProxyProtocol;

    /// <summary>What is wanted.</summary>
    public ProxyProtocolSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>Fields of a later release, kept as they are: no list would bring them back.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
