using System.Collections.Immutable;
using System.Net;
using IngressReconciler.HAProxy.Compile;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>What one proxy says it runs, within the scope that was asked for.</summary>
public sealed record ProxyState
{
    /// <summary>A proxy that has just started.</summary>
    public static ProxyState Fresh { get; } = new();

    /// <summary>What we noted on the process itself; gone when it restarts. See <see cref="ProxyNotes"/>.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Its dynamic backends by name.</summary>
    public IReadOnlyDictionary<string, ProxyBackend> Backends { get; init; } = ImmutableDictionary<string, ProxyBackend>.Empty;

    /// <summary>Entries of its map of routes by key, the applied version among them.</summary>
    public IReadOnlyDictionary<string, string> Routes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Entries of its certificate list, each with the number it is removed by.</summary>
    public ImmutableDictionary<CertificateLine, int> Certificates { get; init; } = ImmutableDictionary<CertificateLine, int>.Empty;

    /// <summary>Certificates in its store, shown to clients or not.</summary>
    public ImmutableHashSet<string> CertificateStore { get; init; } = [];

    /// <summary>Certificates whose change was begun and never finished. While there is one, none can be changed.</summary>
    public ImmutableHashSet<string> UnfinishedCertificates { get; init; } = [];

    /// <summary>
    /// Certificates can neither be looked for nor changed: another session does something with them, or one did at a bad moment. <c>new ssl cert</c> and
    /// <c>set ssl cert</c> of HAProxy 3.4 give the lock on certificates back even when it is another session's; then it stays locked until a restart.
    /// </summary>
    public bool CertificatesLocked { get; init; }

    /// <summary>Networks that may send a PROXY header, each with the word that says on which ports: see <see cref="HAProxyNames.SourceWord"/>.</summary>
    public IReadOnlyDictionary<string, string> ProxySources { get; init; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>The keys of what we note on a proxy's process.</summary>
public static class ProxyNotes
{
    /// <summary><c>1</c> once all that is wanted has been pushed and read back: <c>/readyz</c> then says so.</summary>
    public const string Ready = "ready";

    /// <summary><see cref="Open"/> while a push is under way, <see cref="Done"/> after it: a push that was cut off shows.</summary>
    public const string Push = "push";

    /// <summary>The name of the default certificate; absent while it is the bootstrap's own.</summary>
    public const string DefaultCertificate = "default-certificate";

    /// <summary><c>1</c> while pods are told by which private link a connection came.</summary>
    public const string LinkId = "link-id";

    /// <summary>
    /// The limit that all servers were given; absent on a process whose servers, if any, were made without. The proxy does not say each server's own
    /// in anything that is cheap to read.
    /// </summary>
    public const string ServerLimit = "server-limit";

    /// <summary>A push is under way, or was cut off.</summary>
    public const string Open = "open";

    /// <summary>The last push was finished.</summary>
    public const string Done = "done";
}

/// <summary>One dynamic backend.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Servers">Its servers by name.</param>
/// <param name="Published">Whether a route that leads to it is followed.</param>
public sealed record ProxyBackend(string Name, IReadOnlyDictionary<string, ProxyServer> Servers, bool Published);

/// <summary>One server of a backend. Its name says pod, address and port, so a server never changes its address.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where it connects to.</param>
/// <param name="Port">At which port.</param>
/// <param name="State">Whether it takes requests.</param>
/// <param name="Checked">Whether its port is tried now and then.</param>
public sealed record ProxyServer(string Name, IPAddress Address, int Port, ServerState State, bool Checked = false);
