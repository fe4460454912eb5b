using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// What is asked of a proxy to learn what it runs, and how its replies are read. <see cref="Commands"/> and <see cref="Read"/> go together: the
/// second takes the replies to the first, in order.
/// </summary>
public sealed class HAProxyStateReading
{
    private readonly List<RuntimeCommand> commands = [];
    private readonly List<Action<string, Found>> readers = [];

    /// <summary>What to ask for a scope.</summary>
    /// <param name="scope">What is looked at.</param>
    /// <param name="certificateStore">
    /// Whether certificates that are shown to nobody are looked for, too. HAProxy locks certificates for that, which only whoever has the lease may let
    /// it do: see <see cref="ProxyState.CertificatesLocked"/>.
    /// </param>
    /// <param name="changes">
    /// Commands that may be refused, sent on the way: the notes are read as they are before these, and all else as it is after them.
    /// </param>
    public HAProxyStateReading(PlanScope scope, bool certificateStore = true, params IEnumerable<RuntimeCommand> changes)
    {
        Ask(HAProxyCommands.ShowState, static (reply, found) => ReadMap(reply, found.Notes));
        foreach (var change in changes)
            Ask(change, static (_, _) => { });
        if (scope.Everything)
        {
            Ask("show stat -1 2 -1", static (reply, found) => ReadBackends(reply, found));
            Ask("show servers state", static (reply, found) => ReadServers(reply, found));
            Ask($"show map {BootstrapNames.RouteMap}", static (reply, found) => ReadMap(reply, found.Routes));
        }
        else
        {
            AskRoute(HAProxyRoutes.VersionKey);
            foreach (var key in scope.Routes)
                AskRoute(key);
            foreach (var backend in scope.Backends.Keys)
            {
                Ask($"show stat {HAProxyCommands.Word(backend)} 2 -1", static (reply, found) => ReadBackends(reply, found));
                Ask($"show servers state {HAProxyCommands.Word(backend)}", static (reply, found) => ReadServers(reply, found));
            }
        }

        if (scope.Role == ProxyRole.Ingress && (scope.Everything || scope.ProxySources))
            Ask($"show map {BootstrapNames.ProxySourceMap}", static (reply, found) => ReadMap(reply, found.ProxySources));
        if (scope.Role == ProxyRole.Ingress && (scope.Everything || scope.Certificates.Count > 0))
        {
            Ask($"show ssl crt-list -n {BootstrapNames.CertificateList}", static (reply, found) => ReadCertificateLines(reply, found));
            if (certificateStore)
                Ask("show ssl cert", static (reply, found) => ReadCertificateStore(reply, found));
        }
    }

    /// <summary>The commands, to be sent in this order.</summary>
    public IReadOnlyList<RuntimeCommand> Commands => commands;

    /// <summary>Reads the replies.</summary>
    /// <param name="replies">One text a command, empty for one that was refused.</param>
    /// <exception cref="FormatException">A reply has a form that no HAProxy we know of writes.</exception>
    public ProxyState Read(IReadOnlyList<string> replies)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(replies.Count, commands.Count);
        var found = new Found();
        for (var i = 0; i < replies.Count; i++)
            readers[i](replies[i], found);
        return found.State();
    }

    private void Ask(string command, Action<string, Found> reader) => Ask(new RuntimeCommand(command), reader);

    private void Ask(RuntimeCommand command, Action<string, Found> reader)
    {
        commands.Add(command);
        readers.Add(reader);
    }

    private void AskRoute(string key) => Ask($"get map {BootstrapNames.RouteMap} {HAProxyCommands.Word(key)}", (reply, found) =>
    {
        // The look-up is by beginning: another, shorter key may answer.
        var start = $", key=\"{key}\", value=\"";
        var at = reply.IndexOf(start, StringComparison.Ordinal);
        if (at < 0)
            return;
        var value = reply.AsSpan(at + start.Length);
        if (value.IndexOf('"') is >= 0 and var end)
            found.Routes[key] = value[..end].ToString();
        else
            throw Wrong("get map", "key=\"…\", value=\"…\"", reply);
    });

    /// <summary>Lines of <c>address key value</c>.</summary>
    private static void ReadMap(string reply, Dictionary<string, string> entries)
    {
        foreach (var line in reply.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty)
                continue;
            var key = line[(line.IndexOf(' ') + 1)..];
            var end = key.IndexOf(' ');
            if (end < 0)
                throw Wrong("show map", "address key value", line);
            entries[key[..end].ToString()] = key[(end + 1)..].ToString();
        }
    }

    /// <summary>CSV lines with the name first and the status in the 18th field.</summary>
    private static void ReadBackends(string reply, Found found)
    {
        foreach (var line in reply.AsSpan().EnumerateLines())
        {
            if (!IsOurs(line))
                continue;
            var fields = new Fields(line, ',');
            var name = fields.Next().ToString();
            fields.Skip(16);
            found.Backend(name).Published = !fields.Next().EndsWith("(UNPUB)");
        }
    }

    /// <summary>Lines of 25 fields (management guide, "show servers state").</summary>
    private static void ReadServers(string reply, Found found)
    {
        Found.Servers? last = null;
        foreach (var line in reply.AsSpan().EnumerateLines())
        {
            var fields = new Fields(line, ' ');
            fields.Skip(1);
            var backend = fields.Next();
            if (!IsOurs(backend))
                continue;
            if (last is null || !backend.SequenceEqual(last.Name))
                last = found.Backend(backend.ToString());
            fields.Skip(1);
            var name = fields.Next().ToString();
            var isAddress = IPAddress.TryParse(fields.Next(), out var address);
            fields.Skip(1);
            var isState = TryNumber(fields.Next(), out var state);
            fields.Skip(6);
            var isCheck = TryNumber(fields.Next(), out var check);
            fields.Skip(4);
            if (!TryNumber(fields.Next(), out var port) || !(isAddress && isState && isCheck))
                throw Wrong("show servers state", "25 fields", line);
            last.ByName[name] = new(name, address!, port, State(state), (check & 4) != 0);
        }
    }

    /// <summary>Administrative state: bits 1, 2 and 4 are kinds of maintenance, 8 and 16 of draining.</summary>
    private static ServerState State(int bits) => (bits & 0x27) != 0 ? ServerState.Maintenance : (bits & 0x18) != 0 ? ServerState.Drain : ServerState.Ready;

    /// <summary>Lines of <c>certificate:line [options ] server-name</c>.</summary>
    private static void ReadCertificateLines(string reply, Found found)
    {
        foreach (var line in reply.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#')
                continue;
            var space = line.IndexOf(' ');
            var colon = space < 0 ? -1 : line[..space].LastIndexOf(':');
            if (colon < 0)
                throw Wrong("show ssl crt-list", "certificate:line [options] name", line);
            if (!TryNumber(line[(colon + 1)..space], out var number))
                throw Wrong("show ssl crt-list", "certificate:line [options] name", line);
            found.Certificates[new(line[..colon].ToString(), line[(line.LastIndexOf(' ') + 1)..].ToString())] = number;
        }
    }

    /// <summary>A name a line; those of an unfinished transaction with a star before. The admin port's own is always there.</summary>
    private static void ReadCertificateStore(string reply, Found found)
    {
        found.Locked = reply.Length == 0;
        foreach (var line in reply.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#' || line[0] == '@')
                continue;
            if (line[0] == '*')
                found.Unfinished.Add(line[1..].ToString());
            else
                found.Store.Add(line.ToString());
        }
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static FormatException Wrong(string command, string form, ReadOnlySpan<char> line) =>
        new(ShownText.Of($"a line of '{command}' is not '{form}': '{line[..Math.Min(line.Length, ShownText.Most)].ToString()}'"));

    private static bool IsOurs(ReadOnlySpan<char> backend) => backend.StartsWith("http:") || backend.StartsWith("h2c:") || backend.StartsWith("https:") || backend.StartsWith("tcp:") || backend.StartsWith("tls:");

    private sealed class Found
    {
        private readonly Dictionary<string, Servers> backends = new(StringComparer.Ordinal);

        public Dictionary<string, string> Notes { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> Routes { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> ProxySources { get; } = new(StringComparer.Ordinal);

        public Dictionary<CertificateLine, int> Certificates { get; } = [];

        public HashSet<string> Store { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Unfinished { get; } = new(StringComparer.Ordinal);

        public bool Locked { get; set; }

        public Servers Backend(string name) => backends.TryGetValue(name, out var known) ? known : backends[name] = new(name);

        public ProxyState State() => new()
        {
            Notes = Notes.ToImmutableDictionary(StringComparer.Ordinal),
            Backends = backends.Values.ToDictionary(
                one => one.Name, one => new ProxyBackend(one.Name, one.ByName, one.Published), StringComparer.Ordinal),
            Routes = Routes,
            ProxySources = ProxySources,
            Certificates = Certificates.ToImmutableDictionary(),
            CertificateStore = [.. Store],
            UnfinishedCertificates = [.. Unfinished],
            CertificatesLocked = Locked,
        };

        public sealed class Servers(string name)
        {
            public string Name => name;

            public bool Published { get; set; } = true;

            public Dictionary<string, ProxyServer> ByName { get; } = new(StringComparer.Ordinal);
        }
    }

    private ref struct Fields(ReadOnlySpan<char> line, char separator)
    {
        private ReadOnlySpan<char> rest = line;

        public ReadOnlySpan<char> Next()
        {
            var end = rest.IndexOf(separator);
            var field = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            return field;
        }

        public void Skip(int count)
        {
            for (; count > 0; count--)
                Next();
        }
    }
}
