using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Endpoints;
using IngressReconciler.Routing;

namespace IngressReconciler.Planning;

/// <summary>What a proxy says it runs + what is wanted → the ordered, minimal steps between the two; the same for the same input, to the letter.</summary>
public static class HAProxyPlanner
{
    /// <summary>
    /// From how many differing routes on the whole map is replaced at one instant instead of entry by entry. One edit costs HAProxy 60 to 80 µs,
    /// a replacement of 20,000 entries about 20 ms.
    /// </summary>
    public const int ReplaceFrom = 256;

    /// <summary>Plans one push.</summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="version">Number of the version that <paramref name="wanted"/> routes by.</param>
    /// <param name="state">What the proxy runs, read for <paramref name="scope"/>.</param>
    /// <param name="scope">What is looked at.</param>
    /// <param name="refused">
    /// What the proxy is known to refuse; null for nothing. It keeps what it has there, and so does what depends on it: a route is not led
    /// to a backend that cannot be made, and what it goes on leading to is not taken away.
    /// </param>
    public static PushPlan Plan(Wanted wanted, int version, ProxyState state, PlanScope scope, Refusals? refused = null)
    {
        var plan = new PlanBuilder(refused ?? Refusals.None);
        var kept = Routes(plan, wanted, version, state, scope);
        Backends(plan, wanted, state, scope, kept);
        if (scope.Role == ProxyRole.Ingress)
        {
            Certificates(plan, wanted, state, scope);
            if (scope.Everything || scope.ProxySources)
                ProxySources(plan, wanted, state);
        }

        return plan.Build();
    }

    /// <summary>
    /// What a push will add, told before the proxy is read: what it lacks if it runs what was wanted before the scope's changes. Should it run
    /// something else, this does no harm: all of it is wanted, none of it takes a request from where it goes, and what is there already is refused.
    /// </summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="scope">What is looked at.</param>
    /// <param name="refused">What the proxy is known to refuse; null for nothing.</param>
    public static ImmutableArray<Step> Foresee(Wanted wanted, PlanScope scope, Refusals? refused = null)
    {
        if (scope.Everything)
            return [];
        var plan = new PlanBuilder(refused ?? Refusals.None);
        var before = scope.Upstreams.Where(pair => pair.Value is not null).Select(pair => AsPushed(HAProxyNames.Backend(pair.Key), pair.Value!));
        Backends(plan, wanted, new() { Backends = before.ToImmutableDictionary(one => one.Name, StringComparer.Ordinal) }, scope, []);
        // A proxy that runs something else may have such a server ready, and no other.
        return [.. plan.Prepare.Build().Where(step => step is not SetServerState { State: not ServerState.Ready })];
    }

    private static ProxyBackend AsPushed(string backend, EndpointSet endpoints) => new(
        backend,
        endpoints.Endpoints.DistinctBy(HAProxyNames.Server).ToDictionary(HAProxyNames.Server, one => new ProxyServer(HAProxyNames.Server(one), one.Address.Value, one.Port, State(one), Checked: true)),
        Published: true);

    private static ServerState State(Endpoint endpoint) => endpoint.State == EndpointState.Ready ? ServerState.Ready : ServerState.Drain;

    private static void Backends(PlanBuilder plan, Wanted wanted, ProxyState state, PlanScope scope, HashSet<string> kept)
    {
        var upstreams = scope.Everything ? wanted.Endpoints.Keys.Where(scope.Concerns) : scope.Upstreams.Keys;
        var looked = new HashSet<string>(StringComparer.Ordinal);
        var limit = scope.Role == ProxyRole.Ingress ? wanted.Model.Settings.PodConnections ?? HAProxyNames.PodConnections : 0;
        var noted = state.Notes.GetValueOrDefault(ProxyNotes.ServerLimit);
        var limitAll = scope.Everything && scope.Role == ProxyRole.Ingress && noted != limit.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, upstream) in upstreams.Select(one => (Name: HAProxyNames.Backend(one), one)).OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            looked.Add(name);
            var actual = state.Backends.GetValueOrDefault(name);
            if (wanted.Endpoints.TryGetValue(upstream, out var endpoints))
                Keep(plan, upstream, name, endpoints, actual, limit, limitAll);
            else if (actual is not null && !kept.Contains(name))
                Drop(plan, actual);
        }

        if (limitAll)
            plan.Switch.Add(new NoteServerLimit(limit, noted is not null));
        if (!scope.Everything)
            return;
        looked.UnionWith(kept);
        foreach (var actual in state.Backends.Values.Where(one => !looked.Contains(one.Name)).OrderBy(one => one.Name, StringComparer.Ordinal))
            Drop(plan, actual);
    }

    private static void Keep(PlanBuilder plan, Upstream upstream, string backend, EndpointSet endpoints, ProxyBackend? actual, int limit, bool limitAll)
    {
        if (actual is null && !plan.Prepare.Add(new AddBackend(backend, HAProxyNames.Profile(upstream))))
            return;
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var endpoint in endpoints.Endpoints)
        {
            var server = HAProxyNames.Server(endpoint);
            if (!kept.Add(server))
                continue;
            var state = State(endpoint);
            if (actual is null || !actual.Servers.TryGetValue(server, out var there))
            {
                plan.Prepare.Add(new AddServer(backend, server, endpoint.Address, endpoint.Port, upstream.Protocol, upstream.SendProxy, limit));
                if (HAProxyNames.IsChecked(upstream))
                    plan.Prepare.Add(new CheckServer(backend, server));
                plan.Prepare.Add(new SetServerState(backend, server, state));
                continue;
            }

            if (limitAll)
                plan.Prepare.Add(new LimitServer(backend, server, limit));
            if (HAProxyNames.IsChecked(upstream) && !there.Checked)
                plan.Prepare.Add(new CheckServer(backend, server));
            if (there.State != state)
                (state == ServerState.Ready ? plan.Prepare : plan.Retire).Add(new SetServerState(backend, server, state));
        }

        foreach (var server in (actual?.Servers.Values ?? []).Where(one => !kept.Contains(one.Name)).OrderBy(one => one.Name, StringComparer.Ordinal))
            Drop(plan, backend, server);

        if (actual is not { Published: true })
            plan.Prepare.Add(new PublishBackend(backend));
    }

    private static void Drop(PlanBuilder plan, ProxyBackend backend)
    {
        if (backend.Published)
            plan.Retire.Add(new UnpublishBackend(backend.Name));
        foreach (var server in backend.Servers.Values.OrderBy(one => one.Name, StringComparer.Ordinal))
            Drop(plan, backend.Name, server);
        plan.Sweep.Add(new DeleteBackend(backend.Name));
    }

    private static void Drop(PlanBuilder plan, string backend, ProxyServer server)
    {
        if (server.State != ServerState.Maintenance)
            plan.Retire.Add(new SetServerState(backend, server.Name, ServerState.Maintenance));
        plan.Sweep.Add(new DeleteServer(backend, server.Name));
    }

    /// <summary>Plans the routes.</summary>
    /// <returns>
    /// Backends that some go on leading to, because they cannot be changed or because the backend that they should lead to cannot be made.
    /// </returns>
    private static HashSet<string> Routes(PlanBuilder plan, Wanted wanted, int version, ProxyState state, PlanScope scope)
    {
        var target = new Dictionary<string, string>(StringComparer.Ordinal) { [HAProxyRoutes.VersionKey] = version.ToString(CultureInfo.InvariantCulture) };
        var looked = new HashSet<string>(StringComparer.Ordinal) { HAProxyRoutes.VersionKey };
        foreach (var host in scope.Everything ? wanted.Model.Hosts.Keys.Where(scope.Concerns) : scope.Hosts.Keys)
        {
            foreach (var (key, value) in HAProxyRoutes.Entries(host, wanted.Model.Hosts.GetValueOrDefault(host)))
                target[key] = value;
            if (scope.Hosts.TryGetValue(host, out var keys))
                looked.UnionWith(keys);
        }

        looked.UnionWith(target.Keys);
        if (scope.Everything)
            looked.UnionWith(state.Routes.Keys);

        var added = new List<Step>();
        var moved = new List<Step>();
        var removed = new List<Step>();
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in looked.Order(HAProxyRoutes.MoreSpecificFirst))
        {
            var want = target.GetValueOrDefault(key);
            var have = state.Routes.GetValueOrDefault(key);
            if (want == have)
                continue;
            if (plan.Refused.Has(new ProxyPart(PartKind.Route, key))
                || (want is not null && have is not null && plan.Refused.Has(new ProxyPart(PartKind.Backend, want))))
            {
                target.Remove(key);
                if (have is not null)
                    kept.Add(target[key] = have);
            }
            else if (want is null)
                removed.Add(new DeleteRoute(key));
            else if (have is null)
                added.Add(new AddRoute(key, want));
            else
                moved.Add(new SetRoute(key, want));
        }

        if (scope.Everything && added.Count + moved.Count + removed.Count >= ReplaceFrom
            && plan.Switch.Add(new ReplaceRoutes([.. target.OrderBy(pair => pair.Key, StringComparer.Ordinal)])))
            return kept;

        // A new key is in before another leads elsewhere or goes, and the version is said last. The more specific key comes before the other and goes
        // after it: at no step does a request fall to a key that is neither the one it had nor the one it gets.
        removed.Reverse();
        plan.Switch.AddRange(added.Concat(moved).Concat(removed).OrderBy(SaysVersion));
        return kept;
    }

    private static bool SaysVersion(Step step) => step is AddRoute { Key: HAProxyRoutes.VersionKey } or SetRoute { Key: HAProxyRoutes.VersionKey };

    private static void Certificates(PlanBuilder plan, Wanted wanted, ProxyState state, PlanScope scope)
    {
        var references = (scope.Everything ? wanted.Translation.Uses.HostsOf.Keys : scope.Certificates).OrderBy(one => one.ToString(), StringComparer.Ordinal);
        plan.Prepare.AddRange(state.UnfinishedCertificates.Order(StringComparer.Ordinal).Select(name => new AbortCertificate(name)));
        var shown = state.Certificates.Keys.Select(line => line.Certificate).ToHashSet(StringComparer.Ordinal);
        var lines = new HashSet<CertificateLine>();
        var prefixes = new List<string>();
        var own = new List<Step>();
        foreach (var reference in references)
        {
            prefixes.Add(HAProxyNames.CertificatePrefix(reference));
            if (wanted.SecretOf(reference) is not { } secret || !wanted.Translation.Uses.HostsOf.TryGetValue(reference, out var hosts))
                continue;
            var name = HAProxyNames.Certificate(reference, secret);
            var unusable = plan.Refused.Has(new ProxyPart(PartKind.Certificate, name));
            var missing = new List<CertificateLine>();
            foreach (var host in hosts.Order(StringComparer.Ordinal))
            {
                var line = new CertificateLine(name, host);
                if (state.Certificates.ContainsKey(line))
                    lines.Add(line);
                else if (unusable || plan.Refused.Has(ProxyPart.Of(line)))
                    lines.UnionWith(state.Certificates.Keys.Where(
                        old => old.ServerName == host && old.Certificate.StartsWith(prefixes[^1], StringComparison.Ordinal)));
                else
                    missing.Add(line);
            }

            // What is in the store but shown to nobody may be empty: its push was cut off. Filling it again does no harm.
            if (missing.Count > 0 && !shown.Contains(name))
                own.Add(new AddCertificate(name, reference));
            own.AddRange(missing.Select(line => new BindCertificate(line)));
            lines.UnionWith(missing);
        }

        // The default certificate is bound ahead of another owner's wildcard host, to names without a certificate, whatever became of theirs.
        if (scope.Everything || scope.Certificates.Count > 0)
        {
            var named = lines.Concat(state.Certificates.Keys.Where(line => !Looked(line.Certificate) && !IsDefault(line)))
                .Select(line => line.ServerName).ToHashSet(StringComparer.Ordinal);
            var unnamed = wanted.Translation.Uses.HostsOf.GetValueOrDefault(CertificateReference.Default, []).Except(named);
            foreach (var line in unnamed.Order(StringComparer.Ordinal).Select(host => new CertificateLine(HAProxyCommands.DefaultCertificate, host)))
            {
                if (lines.Add(line) && !state.Certificates.ContainsKey(line))
                    plan.Prepare.Add(new BindCertificate(line));
            }

            prefixes.Add(HAProxyCommands.DefaultCertificate);
        }

        plan.Prepare.AddRange(own);

        // Without one wanted the last stays: a client must be shown something, and the bootstrap's own cannot be had back without a restart.
        if (wanted.Model.Settings.DefaultCertificate is { } byDefault && wanted.SecretOf(byDefault) is { } pair
            && (scope.Everything || scope.Certificates.Contains(byDefault)))
        {
            var name = HAProxyNames.Certificate(byDefault, pair);
            if (state.Notes.GetValueOrDefault(ProxyNotes.DefaultCertificate) != name)
            {
                plan.Prepare.Add(new SetDefaultCertificate(name, byDefault));
                plan.Switch.Add(new NoteDefaultCertificate(name));
            }
        }

        // A host that the default certificate is bound to keeps it until the wildcard host's has gone.
        foreach (var (line, number) in state.Certificates.OrderBy(pair => IsDefault(pair.Key)).ThenBy(pair => pair.Value))
        {
            if (Looked(line.Certificate) && !lines.Contains(line))
                plan.Retire.Add(new UnbindCertificate(line, number));
        }

        var used = lines.Select(line => line.Certificate).ToHashSet(StringComparer.Ordinal);
        foreach (var name in state.CertificateStore.Order(StringComparer.Ordinal))
        {
            if (Looked(name) && !used.Contains(name))
                plan.Sweep.Add(new DeleteCertificate(name));
        }

        static bool IsDefault(CertificateLine line) => line.Certificate == HAProxyCommands.DefaultCertificate;

        bool Looked(string name) => scope.Everything || prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
    }

    private static void ProxySources(PlanBuilder plan, Wanted wanted, ProxyState state)
    {
        var target = wanted.Model.Settings.ProxyProtocol.Sources;
        foreach (var source in target)
        {
            if (!state.ProxySources.TryGetValue(source.Network, out var word))
                plan.Switch.Add(new AddProxySource(source));
            else if (word != HAProxyNames.SourceWord(source))
                plan.Switch.Add(new SetProxySource(source));
        }

        var gone = state.ProxySources.Keys.Except(target.Select(source => source.Network), StringComparer.Ordinal);
        plan.Switch.AddRange(gone.Order(StringComparer.Ordinal).Select(network => new DeleteProxySource(network)));
        if (wanted.Model.Settings.ProxyProtocol.LinkId != state.Notes.ContainsKey(ProxyNotes.LinkId))
            plan.Switch.Add(new TellLinkId(wanted.Model.Settings.ProxyProtocol.LinkId));
    }
}
