using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster;

/// <summary>The PROXY header that goes at the head of each connection (HAProxy's PROXY protocol specification).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SendProxy>))]
public enum SendProxy
{
    /// <summary>None.</summary>
    None,

    /// <summary>Version 1, text.</summary>
    V1,

    /// <summary>Version 2, binary.</summary>
    V2,
}
