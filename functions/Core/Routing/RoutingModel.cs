using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace IngressReconciler.Routing;

/// <summary>
/// What should be routed where: the intent, without the pods of the moment. Knows neither Kubernetes' objects nor a proxy.
/// Immutable; two models that share most hosts share their memory.
/// </summary>
public sealed record RoutingModel
{
    /// <summary>Routes nothing.</summary>
    public static RoutingModel Empty { get; } = new();

    /// <summary>What is listened on, and what is said and heard before a request.</summary>
    public RoutingSettings Settings { get; init; } = new();

    /// <summary>The routes of each host of each table.</summary>
    public ImmutableDictionary<HostKey, HostRoutes> Hosts { get; init; } = ImmutableDictionary<HostKey, HostRoutes>.Empty;
}

/// <summary>The part of a model that belongs to no host.</summary>
public sealed record RoutingSettings
{
    /// <summary>What clients connect to.</summary>
    [JsonConverter(typeof(ValueListConverter<Listener>))]
    public ValueList<Listener> Listeners { get; init; } = [];

    /// <summary>Who speaks PROXY protocol to us.</summary>
    public ProxyProtocolSettings ProxyProtocol { get; init; } = new();

    /// <summary>
    /// How many requests one proxy has under way at one pod, WebSockets and the like included; the next wait for one of them to end. Zero for no
    /// limit, null for what a planner takes by default.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PodConnections { get; init; }

    /// <summary>Served where no certificate is bound to the server name; null for the bootstrap's own.</summary>
    public CertificateReference? DefaultCertificate { get; init; }

    /// <inheritdoc cref="HostRoutes.Stored"/>
    [JsonIgnore]
    public string? Stored { get; init; }
}

/// <summary>How connections to a listener are spoken.</summary>
public enum ListenerProtocol
{
    /// <summary>HTTP in the clear.</summary>
    Http,

    /// <summary>HTTP over TLS that ends here.</summary>
    Https,

    /// <summary>TLS, routed by server name; ends here or passes through as <see cref="Listener.Tls"/> says.</summary>
    Tls,

    /// <summary>Plain TCP.</summary>
    Tcp,
}

/// <summary>Where TLS ends.</summary>
public enum TlsMode
{
    /// <summary>Here.</summary>
    Terminate,

    /// <summary>At the pod.</summary>
    Passthrough,
}

/// <summary>One port that clients connect to. Several may share a route table, as an Ingress's ports 80 and 443 do.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Port">Port number.</param>
/// <param name="Protocol">What is spoken.</param>
/// <param name="Table">The route table it reads.</param>
/// <param name="Tls">Where TLS ends; null without TLS.</param>
public sealed record Listener(string Name, int Port, ListenerProtocol Protocol, string Table, TlsMode? Tls = null);

/// <summary>Who may and who must begin a connection with a PROXY header (HAProxy's PROXY protocol specification, versions 1 and 2).</summary>
public sealed record ProxyProtocolSettings
{
    /// <summary>Source networks, each once, by their text. Whoever is in none may send no header.</summary>
    [JsonConverter(typeof(ValueListConverter<ProxySource>))]
    public ValueList<ProxySource> Sources { get; init; } = [];

    /// <summary>Whether pods are told by which private link a connection came, in the request header <c>X-Azure-Private-Link-Id</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool LinkId { get; init; }
}

/// <summary>A network whose PROXY headers are believed.</summary>
/// <param name="Network">CIDR, canonical.</param>
/// <param name="Required">Whether every connection of it must carry a header; else only one to a port for such connections.</param>
public sealed record ProxySource(string Network, bool Required);

/// <summary>Names the routes of one host in one table.</summary>
/// <param name="Table">Route table.</param>
/// <param name="Host"><c>shop.example.com</c>, <c>*.example.com</c> (exactly one label), or <c>*</c> for every host.</param>
public readonly record struct HostKey(string Table, string Host)
{
    /// <summary>Every host.</summary>
    public const string AnyHost = "*";

    /// <summary>By table, then host; ordinal.</summary>
    public static IComparer<HostKey> Order { get; } = Comparer<HostKey>.Create((left, right) =>
    {
        var table = string.CompareOrdinal(left.Table, right.Table);
        return table != 0 ? table : string.CompareOrdinal(left.Host, right.Host);
    });

    /// <summary><c>table|host</c>.</summary>
    public override string ToString() => $"{Table}|{Host}";

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static HostKey Parse(string text)
    {
        var bar = text.IndexOf('|', StringComparison.Ordinal);
        return bar > 0 ? new(text[..bar], text[(bar + 1)..]) : throw new FormatException($"not a host key: {text}");
    }
}

/// <summary>All that one host serves.</summary>
public sealed record HostRoutes
{
    /// <summary>Its routes, the one that is tried first at the head.</summary>
    [JsonConverter(typeof(RouteListConverter))]
    public RouteList Routes { get; init; } = [];

    /// <summary>The certificate it is served with; null for that of the wildcard host above it, or else the default one.</summary>
    public CertificateReference? Certificate { get; init; }

    /// <summary>
    /// Whether the default certificate is shown while there is none of its own, because the wildcard host above has one and is another owner's.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool KeepsDefaultCertificate { get; init; }

    /// <summary>
    /// Set where a request that no route matches is answered 404, because the less specific hosts are another owner's: what names the host.
    /// Where it is null such a request is tried with the less specific hosts.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RouteOrigin? Ends { get; init; }

    /// <summary>
    /// Its JSON as a version has it, where this release would write it otherwise: another release wrote it, with something in it that is
    /// not read here. It is hashed and written as it came, so that a copy loses nothing of it. What is not read may guard a route, so that
    /// to serve this from a version needs the release that reads it. Null for what was read in full, and for what this release made.
    /// </summary>
    [JsonIgnore]
    public string? Stored { get; init; }
}

/// <summary>A Secret that holds a certificate. The certificate itself is a fact of the moment, as endpoints are, and in no model.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
public readonly record struct CertificateReference(string Namespace, string Name)
{
    /// <summary>
    /// Stands for the default certificate, whichever it is, where it is bound to a host by name. In no namespace, so that no Secret is meant.
    /// </summary>
    public static CertificateReference Default { get; } = new("", "default");

    /// <summary><c>namespace/name</c>.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}
