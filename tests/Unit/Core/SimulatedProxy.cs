using System.Collections.Immutable;
using System.Net;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>A proxy that does what HAProxy would with each step, and throws where HAProxy would refuse or a request would fail.</summary>
internal sealed class SimulatedProxy
{
    private readonly Dictionary<string, Backend> backends = [];
    private readonly Dictionary<string, string> routes = [];
    private readonly Dictionary<CertificateLine, int> lines = [];
    private readonly HashSet<string> certificates = [];
    private readonly Dictionary<string, string> sources = [];
    private readonly HashSet<string> excused = []; // backends that routes may lead to though they could not be made
    private readonly Dictionary<string, string> notes = new(StringComparer.Ordinal);
    private int nextLine = 1;

    private sealed class Backend
    {
        public bool Published { get; set; }

        public Dictionary<string, ProxyServer> Servers { get; } = [];
    }

    public IReadOnlyDictionary<string, string> Routes => routes;

    /// <summary>A change of a certificate that another push began and never finished.</summary>
    public string? Unfinished { get; set; }

    public bool IsLive(string backend) => backends.TryGetValue(backend, out var found) && found.Published && found.Servers.Values.Any(one => one.State == ServerState.Ready);

    /// <summary>Whether a certificate of its own is shown for a server name.</summary>
    public bool IsShown(string serverName) => lines.Keys.Any(line => line.ServerName == serverName);

    /// <summary>The certificate that is shown for a server name: of entries for one name the oldest is.</summary>
    public string Shows(string serverName) =>
        new[] { serverName, Routing.HostOwners.Above(serverName) }
            .Select(name => lines.Where(line => line.Key.ServerName == name).OrderBy(line => line.Value).Select(line => line.Key.Certificate))
            .SelectMany(found => found).FirstOrDefault(BootstrapNames.DefaultCertificate);

    /// <summary>The backend that answers a request now; null for 404.</summary>
    public string? Answers(string host, string path) => Lookup.Find(routes, host, path);

    public SimulatedProxy Apply(IEnumerable<Step> steps)
    {
        foreach (var step in steps)
            Apply(step);
        return this;
    }

    public void Apply(Step step)
    {
        Take(step);
        DemandBackends(step);
    }

    /// <summary>Parts that it refuses at every step, besides what HAProxy would.</summary>
    public Func<ProxyPart, bool> Refuses { get; set; } = _ => false;

    /// <summary>Takes a step that may be refused; false when it is.</summary>
    public bool Offer(Step step)
    {
        var part = ProxyPart.Of(step);
        if (Refuses(part))
        {
            if (part.Kind == PartKind.Backend)
                excused.Add(part.Name);
            return false;
        }

        try
        {
            Take(step);
        }
        catch (InvalidOperationException)
        {
            return false;
        }

        DemandBackends(step);
        return true;
    }

    private void DemandBackends(Step step)
    {
        foreach (var (key, value) in routes)
        {
            if (key != HAProxyRoutes.VersionKey && value is not (HAProxyRoutes.NoBackend or HAProxyRoutes.NoRoute) && !excused.Contains(value))
                Demand(backends.TryGetValue(value, out var backend) && backend.Published, step, $"{key} leads to {value}, which is not there");
        }
    }

    /// <summary>What the proxy says to a reading of that scope: nothing that was not asked for.</summary>
    public ProxyState Read(PlanScope scope)
    {
        var keys = scope.Routes.Append(HAProxyRoutes.VersionKey).ToHashSet();
        var withCertificates = scope.Everything || scope.Certificates.Count > 0;
        return new()
        {
            Backends = backends.Where(pair => scope.Everything || scope.Backends.ContainsKey(pair.Key)).ToImmutableDictionary(
                pair => pair.Key, pair => new ProxyBackend(pair.Key, pair.Value.Servers.ToImmutableDictionary(), pair.Value.Published)),
            Routes = routes.Where(pair => scope.Everything || keys.Contains(pair.Key)).ToImmutableDictionary(),
            Certificates = withCertificates ? lines.ToImmutableDictionary() : ImmutableDictionary<CertificateLine, int>.Empty,
            CertificateStore = withCertificates ? [.. certificates] : [],
            UnfinishedCertificates = withCertificates && Unfinished is not null ? [Unfinished] : [],
            Notes = notes.ToImmutableDictionary(),
            ProxySources = scope.Everything ? sources.ToImmutableDictionary() : ImmutableDictionary<string, string>.Empty,
        };
    }

    private void Take(Step step)
    {
        switch (step)
        {
            case AddBackend(var name, var profile):
                Demand(profile is "http" or "tcp", step, "no such profile");
                Demand(backends.TryAdd(name, new()), step, "the backend is there");
                break;
            case PublishBackend(var name):
                Demand(!Of(step, name).Published, step, "it is published");
                Of(step, name).Published = true;
                break;
            case UnpublishBackend(var name):
                Demand(Of(step, name).Published, step, "it is not published");
                Of(step, name).Published = false;
                break;
            case DeleteBackend(var name):
                Demand(Of(step, name) is { Published: false, Servers.Count: 0 }, step, "it is published or has servers");
                backends.Remove(name);
                break;
            case AddServer add:
                Demand(Of(step, add.Backend).Servers.TryAdd(add.Server, new(add.Server, add.Address.Value, add.Port, ServerState.Maintenance)), step, "the server is there");
                break;
            case CheckServer(var backend, var name):
                Demand(!Server(step, backend, name).Checked, step, "it is checked");
                Of(step, backend).Servers[name] = Server(step, backend, name) with { Checked = true };
                break;
            case SetServerState(var backend, var name, var state):
                Demand(Server(step, backend, name).State != state, step, "it is in that state");
                Of(step, backend).Servers[name] = Server(step, backend, name) with { State = state };
                break;
            case LimitServer(var backend, var name, _):
                Server(step, backend, name);
                break;
            case NoteServerLimit(var limit, var isNoted):
                Demand(isNoted == notes.ContainsKey(ProxyNotes.ServerLimit), step, "the note is there, or is not");
                notes[ProxyNotes.ServerLimit] = limit.ToString(System.Globalization.CultureInfo.InvariantCulture);
                break;
            case DeleteServer(var backend, var name):
                Demand(Server(step, backend, name).State == ServerState.Maintenance, step, "it is not in maintenance");
                Of(step, backend).Servers.Remove(name);
                break;
            case AddRoute(var key, var value):
                Demand(routes.TryAdd(key, value), step, "the key is there, and would be twice");
                break;
            case SetRoute(var key, var value):
                Demand(routes.ContainsKey(key), step, "there is no such key");
                routes[key] = value;
                break;
            case DeleteRoute(var key):
                Demand(routes.Remove(key), step, "there is no such key");
                break;
            case ReplaceRoutes(var all):
                routes.Clear();
                foreach (var (key, value) in all)
                    Demand(routes.TryAdd(key, value), step, $"{key} comes twice");
                break;
            default:
                TakeCertificate(step);
                break;
        }
    }

    private void TakeCertificate(Step step)
    {
        switch (step)
        {
            case AbortCertificate(var name):
                Demand(Unfinished == name, step, "no such change was begun");
                Unfinished = null;
                break;
            case AddCertificate(var name, _):
                Demand(Unfinished is null, step, "another change was begun and not finished");
                certificates.Add(name);
                break;
            case BindCertificate(var line):
                Demand(
                    certificates.Contains(line.Certificate) || line.Certificate == BootstrapNames.DefaultCertificate,
                    step,
                    "there is no such certificate");
                Demand(lines.TryAdd(line, nextLine++), step, "the line is there");
                break;
            case UnbindCertificate(var line, var number):
                Demand(lines.TryGetValue(line, out var actual) && actual == number, step, "there is no such line");
                lines.Remove(line);
                break;
            case DeleteCertificate(var name):
                Demand(!lines.Keys.Any(line => line.Certificate == name), step, "it is in use");
                Demand(certificates.Remove(name), step, "there is no such certificate");
                break;
            case AddProxySource(var source):
                Demand(sources.TryAdd(source.Network, HAProxyNames.SourceWord(source)), step, "the network is there");
                break;
            case SetProxySource(var source):
                Demand(sources.ContainsKey(source.Network), step, "there is no such network");
                sources[source.Network] = HAProxyNames.SourceWord(source);
                break;
            case TellLinkId(var tell):
                Demand(tell ? notes.TryAdd(ProxyNotes.LinkId, "1") : notes.Remove(ProxyNotes.LinkId), step, "it is so");
                break;
            case DeleteProxySource(var network):
                Demand(sources.Remove(network), step, "there is no such network");
                break;
            default:
                throw new InvalidOperationException($"a step that this proxy has never heard of: {step}");
        }
    }

    /// <summary>Where a server connects to.</summary>
    public IPEndPoint? Place(string backend, string server) =>
        backends.TryGetValue(backend, out var found) && found.Servers.TryGetValue(server, out var one) ? new(one.Address, one.Port) : null;

    private Backend Of(Step step, string name) => backends.TryGetValue(name, out var found) ? found : throw new InvalidOperationException($"{step}: there is no such backend");

    private ProxyServer Server(Step step, string backend, string name) =>
        Of(step, backend).Servers.TryGetValue(name, out var found) ? found : throw new InvalidOperationException($"{step}: there is no such server");

    private static void Demand(bool holds, Step step, string otherwise)
    {
        if (!holds)
            throw new InvalidOperationException($"{step}: {otherwise}");
    }
}
