using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// The one place where steps become commands of the Runtime API (HAProxy management guide, section 9.3). Every value passes <see cref="Word"/>,
/// so that none can end an argument, a command or a line.
/// </summary>
public static class HAProxyCommands
{
    /// <summary>
    /// How a node's port is tried: every 2 s, ten times as often while in doubt or down; down at the first connection of a client that it refuses (which is
    /// tried elsewhere) and up when it answers that it is ready.
    /// </summary>
    private const string Check = " check inter 2s fastinter 200ms downinter 200ms fall 2 rise 1 observe layer4 error-limit 1 on-error mark-down";

    /// <summary>How much is loaded into a map with one command, in bytes: well below the payload limit of the bootstrap.</summary>
    private const int PayloadSize = 8 << 20;

    /// <summary>The command of a step that needs one command and nothing else.</summary>
    /// <exception cref="ArgumentException">The step needs more than that; or a value cannot be part of a command, which is a bug of ours.</exception>
    public static RuntimeCommand Of(Step step) => step switch
    {
        AddBackend(var backend, var profile) => new($"add backend {Word(backend)} from {Word(profile)}"),
        PublishBackend(var backend) => new($"publish backend {Word(backend)}"),
        UnpublishBackend(var backend) => new($"unpublish backend {Word(backend)}"),
        DeleteBackend(var backend) => new($"del backend {Word(backend)}"),
        AddServer server => new($"add server {Word(server.Backend)}/{Word(server.Server)} {Place(server)}{Limit(server)}{Options(server)}"),
        CheckServer(var backend, var server) => new($"enable health {Word(backend)}/{Word(server)}"),
        LimitServer(var backend, var server, var limit) =>
            new(string.Create(CultureInfo.InvariantCulture, $"set maxconn server {Word(backend)}/{Word(server)} {limit}")),
        NoteServerLimit(var limit, var isNoted) => Note(ProxyNotes.ServerLimit, limit.ToString(CultureInfo.InvariantCulture), isNoted),
        SetServerState(var backend, var server, var state) => new($"set server {Word(backend)}/{Word(server)} state {StateWord(state)}"),
        DeleteServer(var backend, var server) => new($"del server {Word(backend)}/{Word(server)}"),
        AddRoute(var key, var value) => new($"add map {BootstrapNames.RouteMap} {Word(key)} {Word(value)}"),
        SetRoute(var key, var value) => new($"set map {BootstrapNames.RouteMap} {Word(key)} {Word(value)}"),
        DeleteRoute(var key) => new($"del map {BootstrapNames.RouteMap} {Word(key)}"),
        BindCertificate(var line) => new(
            $"add ssl crt-list {BootstrapNames.CertificateList}", $"{Word(line.Certificate)} {Word(line.ServerName)}\n"),
        UnbindCertificate(var line, var number) => new(string.Create(
            CultureInfo.InvariantCulture, $"del ssl crt-list {BootstrapNames.CertificateList} {Word(line.Certificate)}:{number}")),
        DeleteCertificate(var certificate) => new($"del ssl cert {Word(certificate)}"),
        AbortCertificate(var certificate) => new($"abort ssl cert {Word(certificate)}"),
        AddProxySource(var source) => new(
            $"add map {BootstrapNames.ProxySourceMap} {Word(source.Network)} {HAProxyNames.SourceWord(source)}"),
        SetProxySource(var source) => new(
            $"set map {BootstrapNames.ProxySourceMap} {Word(source.Network)} {HAProxyNames.SourceWord(source)}"),
        TellLinkId(true) => Note(ProxyNotes.LinkId, "1", exists: false),
        TellLinkId(false) => new($"del map {BootstrapNames.StateMap} {ProxyNotes.LinkId}"),
        DeleteProxySource(var network) => new($"del map {BootstrapNames.ProxySourceMap} {Word(network)}"),
        _ => throw new ArgumentException($"{step.GetType().Name} is not a single command", nameof(step)),
    };

    /// <summary>What puts a certificate with its key into the store: made, filled, and taken into use only when both are whole.</summary>
    /// <param name="certificate">Its name in the store. The first command fails when it is there already, which does no harm.</param>
    /// <param name="bundle">Chain and key.</param>
    public static ImmutableArray<RuntimeCommand> StoreCertificate(string certificate, PemBundle bundle) =>
    [
        new($"new ssl cert {Word(certificate)}"),
        new($"set ssl cert {Word(certificate)}", bundle.Text),
        new($"commit ssl cert {Word(certificate)}"),
    ];

    /// <summary>Whether a reply says that another session has the lock on certificates. HAProxy gives it as a notice where it should be an error.</summary>
    public static bool SaysLocked(string reply) => reply.Contains("Operations on certificates are currently locked", StringComparison.Ordinal);

    /// <summary>What replaces the content of a certificate that is there.</summary>
    public static ImmutableArray<RuntimeCommand> ReplaceCertificate(string certificate, PemBundle bundle) => StoreCertificate(certificate, bundle)[1..];

    /// <summary>Opens a new generation of the map of routes; the reply has its number.</summary>
    public static RuntimeCommand PrepareRoutes { get; } = new($"prepare map {BootstrapNames.RouteMap}");

    /// <summary>Loads a generation and switches to it.</summary>
    public static IEnumerable<RuntimeCommand> LoadRoutes(int generation, IEnumerable<KeyValuePair<string, string>> routes)
    {
        var add = string.Create(CultureInfo.InvariantCulture, $"add map @{generation} {BootstrapNames.RouteMap}");
        var payload = new StringBuilder();
        foreach (var (key, value) in routes)
        {
            payload.Append(Checked(key)).Append(' ').Append(Checked(value)).Append('\n');
            if (payload.Length < PayloadSize)
                continue;
            yield return new(add, payload.ToString());
            payload.Clear();
        }

        if (payload.Length > 0)
            yield return new(add, payload.ToString());
        yield return new(string.Create(CultureInfo.InvariantCulture, $"commit map @{generation} {BootstrapNames.RouteMap}"));
    }

    /// <summary>Notes something on the process itself.</summary>
    public static RuntimeCommand Note(string key, string value, bool exists) =>
        new($"{(exists ? "set" : "add")} map {BootstrapNames.StateMap} {Word(key)} {Word(value)}");

    /// <summary>What stands before the proxy's name in the note that opens a probe.</summary>
    private const string Probe = "probe:";

    /// <summary>Lets a probe with this token ask the proxy what arrived there; the answer has the name.</summary>
    public static RuntimeCommand OpenProbe(string token, string proxy) =>
        new($"add map {BootstrapNames.StateMap} {Word(token)} {Word(Probe + proxy)}");

    /// <summary>Ends that.</summary>
    public static RuntimeCommand CloseProbe(string token) => new($"del map {BootstrapNames.StateMap} {Word(token)}");

    /// <summary>Shows what is noted on the process itself.</summary>
    public static RuntimeCommand ShowState { get; } = new($"show map {BootstrapNames.StateMap}");

    /// <summary>The tokens of the probes in a reply to <see cref="ShowState"/>: lines of <c>address key value</c>.</summary>
    public static IEnumerable<string> Probes(string reply) =>
        reply.Split('\n').Select(line => line.Split(' ')).Where(words => words.Length == 3 && words[2].StartsWith(Probe, StringComparison.Ordinal)).Select(words => words[1]);

    /// <summary>An argument of a command: what would end it is escaped; what cannot be escaped is refused.</summary>
    public static string Word(string value)
    {
        Checked(value);
        return value.AsSpan().ContainsAny(';', '\\') ? value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(";", "\\;", StringComparison.Ordinal) : value;
    }

    private static string Checked(string value)
    {
        if (value.Length == 0 || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException("a value that is empty, or has a character outside printable ASCII, cannot be part of a command", nameof(value));
        return value;
    }

    private static string StateWord(ServerState state) => state switch
    {
        ServerState.Ready => "ready",
        ServerState.Drain => "drain",
        ServerState.Maintenance => "maint",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private static string Place(AddServer server) => server.Address.Value.AddressFamily == AddressFamily.InterNetworkV6
        ? string.Create(CultureInfo.InvariantCulture, $"ipv6@[{server.Address.Value}]:{server.Port}")
        : string.Create(CultureInfo.InvariantCulture, $"ipv4@{server.Address.Value}:{server.Port}");

    private static string Limit(AddServer server) =>
        server.Limit == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" maxconn {server.Limit}");

    private static string Options(AddServer server)
    {
        var protocol = server.Protocol switch
        {
            UpstreamProtocol.Http => "",
            UpstreamProtocol.H2c => " proto h2",
            UpstreamProtocol.Https => " ssl verify none alpn h2,http/1.1",
            UpstreamProtocol.Tcp => Check,
            UpstreamProtocol.Tls => " check-ssl verify none" + Check,
            _ => throw new ArgumentOutOfRangeException(nameof(server)),
        };
        if (server.SendProxy == SendProxy.None)
            return protocol;
        var header = server.SendProxy == SendProxy.V1 ? " send-proxy" : " send-proxy-v2";
        return server.Protocol is UpstreamProtocol.Tcp or UpstreamProtocol.Tls ? $"{protocol}{header} check-send-proxy{LinkId(server)}" : protocol + header;
    }

    /// <summary>Sends on by which private link a connection came; version 1 has no room for it.</summary>
    private static string LinkId(AddServer server) => server.SendProxy == SendProxy.V2 ? " set-proxy-v2-tlv-fmt(0xE1) %[var(sess.link)]" : "";
}
