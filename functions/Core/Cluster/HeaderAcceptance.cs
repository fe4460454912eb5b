using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster;

/// <summary>What ingress proxies make of PROXY headers from the edge.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HeaderAcceptance>))]
public enum HeaderAcceptance
{
    /// <summary>They believe none.</summary>
    None,

    /// <summary>They believe those at the ports for such connections, and take connections without at the others.</summary>
    Accepted,

    /// <summary>They take no connection of the edge without one.</summary>
    Required,
}
