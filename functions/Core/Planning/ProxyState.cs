using System.Collections.Immutable;
using System.Net;

namespace IngressReconciler.Planning;

/// <summary>What one proxy says it runs, within the scope that was asked for.</summary>
public sealed record ProxyState
{
    /// <summary>A proxy that has just started.</summary>
    public static ProxyState Fresh { get; } = new();

    /// <summary>Its dynamic backends by name.</summary>
    public ImmutableDictionary<string, ProxyBackend> Backends { get; init; } = ImmutableDictionary<string, ProxyBackend>.Empty;

    /// <summary>Entries of its map of routes by key, the applied version among them.</summary>
    public ImmutableDictionary<string, string> Routes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Lines of its certificate list.</summary>
    public ImmutableHashSet<CertificateLine> Certificates { get; init; } = [];

    /// <summary>Certificates in its store, served or not.</summary>
    public ImmutableHashSet<string> CertificateStore { get; init; } = [];

    /// <summary>Networks that must send a PROXY header.</summary>
    public ImmutableHashSet<string> ProxySources { get; init; } = [];
}

/// <summary>One dynamic backend.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Servers">Its servers by name.</param>
/// <param name="Published">Whether a route that leads to it is followed.</param>
public sealed record ProxyBackend(string Name, ImmutableDictionary<string, ProxyServer> Servers, bool Published = true);

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

/// <summary>One server of a backend. Its name says pod, address and port, so a server never changes its address.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where it connects to.</param>
/// <param name="Port">At which port.</param>
/// <param name="State">Whether it takes requests.</param>
public sealed record ProxyServer(string Name, IPAddress Address, int Port, ServerState State);

/// <summary>One line of the certificate list: a certificate and a server name it is shown for.</summary>
/// <param name="Certificate">Name in the certificate store.</param>
/// <param name="ServerName">Server name (SNI), exact or wildcard.</param>
public readonly record struct CertificateLine(string Certificate, string ServerName);
