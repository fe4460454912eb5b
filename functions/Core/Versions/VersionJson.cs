using System.Text.Json.Serialization;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>The JSON of versions. It is hashed, so its form is part of the format: names in camelCase, enumerations by name, nothing written that is unset.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigVersion))]
[JsonSerializable(typeof(VersionHead))]
[JsonSerializable(typeof(FindingSet))]
[JsonSerializable(typeof(VersionDiff))]
[JsonSerializable(typeof(HostDiff))]
[JsonSerializable(typeof(RouteDiff))]
[JsonSerializable(typeof(Finding))]
[JsonSerializable(typeof(Listener))]
[JsonSerializable(typeof(Route))]
[JsonSerializable(typeof(RouteFilter))]
[JsonSerializable(typeof(WeightedBackend))]
[JsonSerializable(typeof(ValueMatch))]
[JsonSerializable(typeof(HostRoutes))]
[JsonSerializable(typeof(RoutingSettings))]
public sealed partial class VersionJson : JsonSerializerContext;
