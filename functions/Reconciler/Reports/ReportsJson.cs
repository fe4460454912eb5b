using System.Text.Json.Serialization;
using IngressReconciler.Versions;

namespace IngressReconciler.Reports;

/// <summary>The JSON of reports, as they are stored and answered.</summary>
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
[JsonSerializable(typeof(Problem))]
public sealed partial class ReportsJson : JsonSerializerContext;
