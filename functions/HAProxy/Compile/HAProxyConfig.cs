using System.Collections.Immutable;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Compile;

/// <summary>
/// All that the proxies of one role should run, in HAProxy's own words: what <see cref="HAProxyCompiler"/> makes of the desired state, once
/// for all of them. What one proxy lacks of it, the planner tells.
/// </summary>
/// <param name="Role">What the proxies are for.</param>
public sealed record HAProxyConfig(ProxyRole Role) : ProxyConfig(Role)
{
    /// <summary>Backends by name.</summary>
    public ImmutableDictionary<string, BackendConfig> Backends { get; init; } =
        ImmutableDictionary.Create<string, BackendConfig>(StringComparer.Ordinal);

    /// <summary>Entries of the map of routes by key, but for the version.</summary>
    public ImmutableDictionary<string, string> Routes { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>What each certificate is shown for, by its Secret; <see cref="CertificateReference.Default"/> among them.</summary>
    public ImmutableDictionary<CertificateReference, CertificateConfig> Certificates { get; init; } =
        ImmutableDictionary<CertificateReference, CertificateConfig>.Empty;

    /// <summary>Shown where no certificate is bound to the server name; null for whichever is shown there now.</summary>
    public DefaultCertificate? DefaultCertificate { get; init; }

    /// <summary>Who speaks PROXY protocol to an ingress proxy.</summary>
    public ProxyProtocolSettings ProxyProtocol { get; init; } = new();

    /// <summary>Requests that one proxy has under way at one server; zero for any number.</summary>
    public int ServerLimit { get; init; }

    /// <summary>What cannot be said to HAProxy, by the host whose route asks for it; host by host in <see cref="HostKey.Order"/>.</summary>
    public ImmutableSortedDictionary<HostKey, ValueList<Finding>> Findings { get; init; } =
        ImmutableSortedDictionary.Create<HostKey, ValueList<Finding>>(HostKey.Order);

    /// <inheritdoc/>
    public override IEnumerable<Finding> NotExpressible => Findings.Values.SelectMany(one => one.Items);

    /// <inheritdoc/>
    public override (ProxyConfig Next, ConfigDifference Difference) After(DesiredState desired, DesiredDifference difference) =>
        HAProxyCompiler.Advance(this, desired, difference);

    /// <inheritdoc/>
    public override ConfigDifference Undo(ConfigDifference difference) => difference is HAProxyDifference made
        ? made with { Backends = [.. made.Backends.Select(one => new BackendDifference(one.Name, Backends.GetValueOrDefault(one.Name)))] }
        : difference;

    /// <summary>The routing that it was made of: it tells which object asked for a part.</summary>
    public RoutingModel Model { get; init; } = RoutingModel.Empty;

    /// <summary>The fingerprint of the pair in a Secret; null when no usable one is wanted.</summary>
    public string? FingerprintOf(CertificateReference reference) =>
        DefaultCertificate is { } byDefault && byDefault.Reference == reference
            ? byDefault.Fingerprint
            : Certificates.GetValueOrDefault(reference)?.Fingerprint;
}

/// <summary>One backend.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Upstream">What it is made of; says how its servers are talked to.</param>
/// <param name="Servers">Its servers, each name once.</param>
public sealed record BackendConfig(string Name, Upstream Upstream, ValueList<ServerConfig> Servers)
{
    /// <summary>The backend of an upstream with such endpoints.</summary>
    public static BackendConfig Of(string name, Upstream upstream, EndpointSet endpoints)
    {
        var servers = ImmutableArray.CreateBuilder<ServerConfig>(endpoints.Endpoints.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var endpoint in endpoints.Endpoints)
        {
            var server = HAProxyNames.Server(endpoint);
            if (names.Add(server))
                servers.Add(new(server, endpoint.Address, endpoint.Port, endpoint.State == EndpointState.Ready));
        }

        return new(name, upstream, new(servers.DrainToImmutable()));
    }
}

/// <summary>One server of a backend.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where it connects to.</param>
/// <param name="Port">At which port.</param>
/// <param name="IsReady">Whether it takes new requests; else it drains.</param>
public readonly record struct ServerConfig(string Name, EndpointAddress Address, int Port, bool IsReady)
{
    /// <summary>The state that says so.</summary>
    public ServerState State => IsReady ? ServerState.Ready : ServerState.Drain;
}

/// <summary>What a certificate is shown for.</summary>
/// <param name="Fingerprint">Of the pair in the Secret; null when there is none that can be used.</param>
/// <param name="ServerNames">The server names.</param>
public sealed record CertificateConfig(string? Fingerprint, ImmutableHashSet<string> ServerNames);

/// <summary>The certificate that is shown where none is bound to the server name.</summary>
/// <param name="Reference">Its Secret.</param>
/// <param name="Fingerprint">Of the pair in it.</param>
public sealed record DefaultCertificate(CertificateReference Reference, string Fingerprint);

/// <summary>What differs between two configurations.</summary>
/// <param name="Backends">Backends that are new, gone or have other servers.</param>
/// <param name="Routes">Keys of routes that are new, gone or lead elsewhere.</param>
/// <param name="Certificates">Certificates that are new, gone, renewed or shown for other names.</param>
/// <param name="ProxySources">Whether other networks speak PROXY protocol.</param>
public sealed record HAProxyDifference(
    ImmutableArray<BackendDifference> Backends,
    ImmutableArray<string> Routes,
    ImmutableArray<CertificateReference> Certificates,
    bool ProxySources) : ConfigDifference
{
    /// <summary>Nothing differs.</summary>
    public static new HAProxyDifference None { get; } = new([], [], [], ProxySources: false);

    /// <inheritdoc/>
    public override bool IsEmpty => Backends.IsEmpty && Routes.IsEmpty && Certificates.IsEmpty && !ProxySources;
}

/// <summary>A backend that differs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Before">What it was; null when it is new.</param>
public readonly record struct BackendDifference(string Name, BackendConfig? Before);

/// <summary>Whether a server takes requests.</summary>
public enum ServerState
{
    /// <summary>Takes requests.</summary>
    Ready,

    /// <summary>Takes only requests that are bound to it.</summary>
    Drain,

    /// <summary>Takes none.</summary>
    Maintenance,
}

/// <summary>One entry of the certificate list: a certificate and a server name it is shown for.</summary>
/// <param name="Certificate">Name in the certificate store.</param>
/// <param name="ServerName">Server name (SNI), exact or wildcard.</param>
public readonly record struct CertificateLine(string Certificate, string ServerName);
