using System.Text.Json.Serialization;

namespace IngressReconciler.Doctor;

/// <summary>The JSON that the doctor answers.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Check[]))]
[JsonSerializable(typeof(OpenedProbe))]
public sealed partial class DoctorJson : JsonSerializerContext;
