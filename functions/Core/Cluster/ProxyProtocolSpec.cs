using System.Text.Json;
using System.Text.Json.Serialization;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>What is wanted of PROXY protocol between edge and ingress proxies.</summary>
/// <param name="Accept">What the ingress proxies make of headers from the edge.</param>
/// <param name="Send">What the edge sends ahead of clients' connections.</param>
/// <param name="Try">What the edge sends ahead of our own probes.</param>
public sealed record ProxyProtocolSpec(
    HeaderAcceptance Accept = HeaderAcceptance.None, SendProxy Send = SendProxy.None, SendProxy Try = SendProxy.None)
{
    /// <inheritdoc cref="ProxyProtocol.Unknown"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
