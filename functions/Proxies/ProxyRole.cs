using System.Text.Json.Serialization;

namespace IngressReconciler.Proxies;

/// <summary>What a proxy is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProxyRole>))]
public enum ProxyRole
{
    /// <summary>Routes requests to pods.</summary>
    Ingress,

    /// <summary>Passes connections on to ingress proxies.</summary>
    Edge,
}
