using System.Text.Json.Serialization;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>The JSON of cluster objects: the API server's names, nothing written that is unset.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(SharedStrings)],
    MaxDepth = ClusterEvent.MostDeep)]
[JsonSerializable(typeof(IngressClass))]
[JsonSerializable(typeof(Ingress))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(ProxyProtocol))]
[JsonSerializable(typeof(ClusterHistory))]
internal sealed partial class ClusterJson : JsonSerializerContext;
