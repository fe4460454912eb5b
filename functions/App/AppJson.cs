using System.Text.Json.Serialization;
using IngressReconciler.Proxies;

namespace IngressReconciler;

/// <summary>The JSON that the executable itself reads and writes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProxyReport))]
internal sealed partial class AppJson : JsonSerializerContext;
