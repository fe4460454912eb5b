using System.Text.Json.Serialization;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>How a proxy talks to the pods of an upstream.</summary>
public enum UpstreamProtocol
{
    /// <summary>HTTP/1.1 in the clear.</summary>
    Http,

    /// <summary>HTTP/2 in the clear, with prior knowledge.</summary>
    H2c,

    /// <summary>HTTP over TLS.</summary>
    Https,

    /// <summary>Whatever the client speaks, passed on.</summary>
    Tcp,

    /// <summary>TLS, passed on.</summary>
    Tls,
}

/// <summary>
/// A port of a Service as a target, named as the rule names it. Which pods stand behind it is a fact of the moment
/// and found by <c>EndpointResolution</c>; whether the Service exists at all does not change the routing.
/// </summary>
/// <param name="Namespace">Namespace of the Service.</param>
/// <param name="Service">Its name.</param>
/// <param name="Port">Port name or number, as the rule has it.</param>
/// <param name="Protocol">How to talk to it.</param>
/// <param name="SendProxy">Which PROXY header to send.</param>
/// <param name="AtNodes">Whether it is reached at the NodePorts of nodes that have a ready pod of it, as an edge outside the cluster must; else at the pods.</param>
public sealed record Upstream(
    string Namespace,
    string Service,
    string Port,
    UpstreamProtocol Protocol = UpstreamProtocol.Http,
    SendProxy SendProxy = SendProxy.None,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AtNodes = false)
{
    /// <summary><c>namespace/service:port</c>.</summary>
    public override string ToString() => $"{Namespace}/{Service}:{Port}";
}
