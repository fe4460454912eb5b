using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Relay;

/// <summary>Writes the events of one cluster, each with a trace of its own that begins here.</summary>
/// <param name="cluster">The cluster's id, a DNS label.</param>
/// <param name="time">When things are seen.</param>
public sealed class RelayEvents(string cluster, TimeProvider time)
{
    /// <summary>Bytes of one event at most, so that it fits into a publication.</summary>
    private const int MostBytes = EventPublisher.SizeLimit - 2;

    /// <summary>The object is now so. One that is too large is only named: the receiver reads it for itself.</summary>
    public WaitingEvent Applied(JsonObject trimmed)
    {
        var one = Event(ClusterEvent.AppliedType, trimmed);
        return one.Bytes.Length <= MostBytes ? one : Event(ClusterEvent.ReferencedType, ObjectEvents.Named(trimmed));
    }

    /// <summary>The object is gone; only what names it travels.</summary>
    public WaitingEvent Deleted(JsonObject trimmed) => Event(ClusterEvent.DeletedType, ObjectEvents.Named(trimmed));

    /// <summary>An object that a list lacks is gone.</summary>
    /// <param name="query">Its kind.</param>
    /// <param name="key">Its <see cref="KeyOf"/>.</param>
    /// <param name="version">The list's version.</param>
    public WaitingEvent Deleted(ObjectQuery query, string key, string version)
    {
        var parts = key.Split('/');
        var metadata = new JsonObject { ["name"] = parts[2], ["resourceVersion"] = version };
        if (parts[1].Length > 0)
            metadata["namespace"] = parts[1];
        return Event(ClusterEvent.DeletedType, new() { ["apiVersion"] = query.ApiVersion, ["kind"] = query.Kind, ["metadata"] = metadata });
    }

    /// <summary>Everything was listed anew.</summary>
    public WaitingEvent Listed()
    {
        var stamp = time.GetUtcNow().ToUnixTimeMilliseconds();
        var all = new JsonObject { ["kind"] = "Cluster", ["metadata"] = new JsonObject { ["name"] = cluster, ["uid"] = "listed", ["resourceVersion"] = stamp.ToString(System.Globalization.CultureInfo.InvariantCulture) } };
        return Event(ClusterEvent.ListedType, all);
    }

    /// <summary><c>Kind/namespace/name</c>, the namespace empty for what has none; null for an object without name or version.</summary>
    public static string? KeyOf(JsonObject one) =>
        one["metadata"] is JsonObject metadata && metadata["name"]?.ToString() is { Length: > 0 } name && metadata["resourceVersion"] is not null
            ? $"{one["kind"]}/{metadata["namespace"]}/{name}"
            : null;

    /// <summary>An object as UTF-8 JSON.</summary>
    internal static byte[] Bytes(JsonObject one)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            one.WriteTo(writer);
        return buffer.ToArray();
    }

    private WaitingEvent Event(string type, JsonObject one)
    {
        using var trace = Traces.Source.StartActivity("relay.observe", ActivityKind.Producer);
        trace?.SetTag("k8s.object", KeyOf(one));
        return new(KeyOf(one)!, ObjectEvents.Write(type, cluster, one, time.GetUtcNow(), trace?.Id), trace?.Context ?? default);
    }
}
