using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>
/// The parts of a version that its hash is made of. What another release wrote is read as far as it can be, and kept as it came where this
/// release would write it otherwise.
/// </summary>
internal static class StoredPart
{
    /// <summary>A host as it stands in a version.</summary>
    public static byte[] Bytes(HostRoutes host) => Bytes(host, host.Stored, VersionJson.Default.HostRoutes);

    /// <summary>The settings as they stand in a version.</summary>
    public static byte[] Bytes(RoutingSettings settings) => Bytes(settings, settings.Stored, VersionJson.Default.RoutingSettings);

    /// <summary>Reads a host.</summary>
    public static HostRoutes Host(JsonElement json)
    {
        var host = Read(json, VersionJson.Default.HostRoutes) ?? new();
        return Bytes(host).AsSpan().SequenceEqual(JsonMarshal.GetRawUtf8Value(json)) ? host : host with { Stored = json.GetRawText() };
    }

    /// <summary>Reads settings.</summary>
    public static RoutingSettings Settings(JsonElement json)
    {
        var settings = Read(json, VersionJson.Default.RoutingSettings) ?? new();
        return Bytes(settings).AsSpan().SequenceEqual(JsonMarshal.GetRawUtf8Value(json))
            ? settings
            : settings with { Stored = json.GetRawText() };
    }

    /// <summary>A value; null when it cannot be read.</summary>
    public static T? Read<T>(JsonElement json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return json.Deserialize(type);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null; // a kind, a filter or a word of a later release
        }
    }

    /// <summary>Writes a host as it stands in a version.</summary>
    public static void Write(Utf8JsonWriter writer, HostRoutes host) => Write(writer, host, host.Stored, VersionJson.Default.HostRoutes);

    /// <summary>Writes settings as they stand in a version.</summary>
    public static void Write(Utf8JsonWriter writer, RoutingSettings settings) =>
        Write(writer, settings, settings.Stored, VersionJson.Default.RoutingSettings);

    private static void Write<T>(Utf8JsonWriter writer, T part, string? stored, JsonTypeInfo<T> type)
    {
        if (stored is null)
            JsonSerializer.Serialize(writer, part, type);
        else
            writer.WriteRawValue(stored);
    }

    private static byte[] Bytes<T>(T part, string? stored, JsonTypeInfo<T> type) =>
        stored is null ? JsonSerializer.SerializeToUtf8Bytes(part, type) : Encoding.UTF8.GetBytes(stored);
}

/// <summary>Reads and writes the settings of a version.</summary>
public sealed class StoredSettingsConverter : JsonConverter<RoutingSettings>
{
    /// <inheritdoc/>
    public override RoutingSettings Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        return StoredPart.Settings(json.RootElement);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, RoutingSettings value, JsonSerializerOptions options) =>
        StoredPart.Write(writer, value);
}

/// <summary>Reads and writes the hosts of a version.</summary>
public sealed class StoredHostsConverter : JsonConverter<ImmutableSortedDictionary<string, HostRoutes?>>
{
    /// <inheritdoc/>
    public override ImmutableSortedDictionary<string, HostRoutes?> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("expected an object");
        var hosts = ImmutableSortedDictionary.CreateBuilder<string, HostRoutes?>(StringComparer.Ordinal);
        foreach (var host in json.RootElement.EnumerateObject())
            hosts[host.Name] = host.Value.ValueKind == JsonValueKind.Null ? null : StoredPart.Host(host.Value);
        return hosts.ToImmutable();
    }

    /// <inheritdoc/>
    public override void Write(
        Utf8JsonWriter writer, ImmutableSortedDictionary<string, HostRoutes?> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, host) in value)
        {
            writer.WritePropertyName(name);
            if (host is null)
                writer.WriteNullValue();
            else
                StoredPart.Write(writer, host);
        }

        writer.WriteEndObject();
    }
}

/// <summary>Reads and writes findings, without those that this release cannot read.</summary>
public sealed class StoredFindingsConverter : JsonConverter<ValueList<Finding>>
{
    /// <inheritdoc/>
    public override ValueList<Finding> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new JsonException("expected an array");
        return json.RootElement.EnumerateArray()
            .Select(one => StoredPart.Read(one, VersionJson.Default.Finding))
            .OfType<Finding>()
            .ToValueList();
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ValueList<Finding> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var finding in value)
            JsonSerializer.Serialize(writer, finding, VersionJson.Default.Finding);
        writer.WriteEndArray();
    }
}
