using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// Writes the CloudEvents 1.0 (JSON format) that tell of a Kubernetes object. The id is <c>uid/resourceVersion</c>, so an event sent
/// twice is known; the subject is <c>Kind/namespace/name</c> with an empty namespace for what has none.
/// </summary>
public static class ObjectEvents
{
    // Fewer bytes: it is JSON for machines, never part of a page.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one event as UTF-8 JSON.</summary>
    /// <param name="type"><see cref="ClusterEvent.AppliedType"/> or <see cref="ClusterEvent.DeletedType"/>.</param>
    /// <param name="cluster">The cluster's id, a DNS label.</param>
    /// <param name="trimmed">The object after <see cref="ObjectTrimming.Trim"/>, with uid and resourceVersion.</param>
    /// <param name="time">When it was seen.</param>
    /// <param name="trace">The trace that begins with it (CloudEvents' distributed tracing extension, a W3C <c>traceparent</c>); null for none.</param>
    public static byte[] Write(string type, string cluster, JsonObject trimmed, DateTimeOffset time, string? trace = null)
    {
        var metadata = trimmed["metadata"] as JsonObject;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            writer.WriteString("specversion", "1.0");
            writer.WriteString("id", $"{metadata?["uid"]}/{metadata?["resourceVersion"]}");
            writer.WriteString("source", ClusterEvent.SourcePrefix + cluster);
            writer.WriteString("type", type);
            writer.WriteString("subject", $"{trimmed["kind"]}/{metadata?["namespace"]}/{metadata?["name"]}");
            writer.WriteString("time", time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            if (trace is not null)
                writer.WriteString("traceparent", trace);
            writer.WriteString("datacontenttype", "application/json");
            writer.WritePropertyName("data");
            trimmed.WriteTo(writer);
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Of an object only what names it: what travels when it is gone, or too large.</summary>
    public static JsonObject Named(JsonObject whole)
    {
        var metadata = new JsonObject();
        foreach (var field in (string[])["name", "namespace", "uid", "resourceVersion"])
        {
            if (whole["metadata"]?[field] is { } value)
                metadata[field] = value.DeepClone();
        }

        return new() { ["apiVersion"] = whole["apiVersion"]?.DeepClone(), ["kind"] = whole["kind"]?.DeepClone(), ["metadata"] = metadata };
    }
}
