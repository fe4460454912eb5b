using System.Text.Json.Serialization;
using IngressReconciler.Doctor;
using IngressReconciler.Edge;
using IngressReconciler.Handler;
using IngressReconciler.Proxies;
using IngressReconciler.Rounds;
using IngressReconciler.Versions;

namespace IngressReconciler;

/// <summary>The JSON that the executable itself reads and writes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProxyReport))]
[JsonSerializable(typeof(ProxyReport[]))]
[JsonSerializable(typeof(AllStatus))]
[JsonSerializable(typeof(ClusterStatus))]
[JsonSerializable(typeof(VersionSummary[]))]
[JsonSerializable(typeof(ResyncReport))]
[JsonSerializable(typeof(FindingsReport))]
[JsonSerializable(typeof(StoredStatus))]
[JsonSerializable(typeof(CutOverReport))]
[JsonSerializable(typeof(ProbeAnswer))]
[JsonSerializable(typeof(Check[]))]
[JsonSerializable(typeof(OpenedProbe))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class AppJson : JsonSerializerContext;
