using System.Text.Json.Serialization;

namespace IngressReconciler.Edge;

/// <summary>The JSON of the cut-over and its probes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CutOverReport))]
[JsonSerializable(typeof(ProbeAnswer))]
public sealed partial class EdgeJson : JsonSerializerContext;
