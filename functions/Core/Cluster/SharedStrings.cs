using System.Text.Json;
using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster;

/// <summary>
/// Reads texts so that those that come again and again, such as namespaces, nodes, zones and labels, are one string in memory, not one each
/// time. A state of many objects thus has far fewer objects of its own, which is what the garbage collector's time follows.
/// </summary>
internal sealed class SharedStrings : JsonConverter<string>
{
    /// <summary>Longer texts are not shared: they are keys, bundles and the like, each of which is its own.</summary>
    private const int Longest = 63;

    // A place for each text by its hash; the last one to come has it. Of two threads that meet at one, either may.
    private static readonly string?[] Known = new string?[4096];

    /// <inheritdoc/>
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Shared(ref reader);

    /// <inheritdoc/>
    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Shared(ref reader)!;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value);

    private static string? Shared(ref Utf8JsonReader reader)
    {
        var isText = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
        if (!isText || reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > Longest)
            return reader.GetString();
        var hash = new HashCode();
        hash.AddBytes(reader.ValueSpan);
        ref var known = ref Known[(uint)hash.ToHashCode() % (uint)Known.Length];
        var text = known;
        return text is not null && reader.ValueTextEquals(text) ? text : known = reader.GetString();
    }
}
