using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>
/// What a proxy says it runs + what it should run → the ordered, minimal steps between the two; the same for the same input, to the letter.
/// </summary>
public static class HAProxyPlanner
{
    /// <summary>
    /// From how many differing routes on the whole map is replaced at one instant instead of entry by entry. One edit costs HAProxy 60 to 80 µs,
    /// a replacement of 20,000 entries about 20 ms.
    /// </summary>
    public const int ReplaceFrom = 256;

    /// <summary>Plans one push.</summary>
    /// <param name="config">What the proxy should run.</param>
    /// <param name="version">Number of the version that <paramref name="config"/> routes by.</param>
    /// <param name="state">What the proxy runs, read for <paramref name="scope"/>.</param>
    /// <param name="scope">What is looked at.</param>
    /// <param name="refused">
    /// What the proxy is known to refuse; null for nothing. It keeps what it has there, and so does what depends on it: a route is not led
    /// to a backend that cannot be made, and what it goes on leading to is not taken away.
    /// </param>
    public static PushPlan Plan(HAProxyConfig config, int version, ProxyState state, PlanScope scope, Refusals? refused = null)
    {
        var plan = new PlanBuilder(refused ?? Refusals.None);
        var kept = Routes(plan, config, version, state, scope);
        Backends(plan, config, state, scope, kept);
        if (scope.Role == ProxyRole.Ingress)
        {
            Certificates(plan, config, state, scope);
            if (scope.Everything || scope.ProxySources)
                ProxySources(plan, config.ProxyProtocol, state);
        }

        return plan.Build();
    }

    /// <summary>
    /// What a push will add, told before the proxy is read: what it lacks if it runs what was wanted before the scope's changes. Should it run
    /// something else, this does no harm: all of it is wanted, none of it takes a request from where it goes, and what is there already is refused.
    /// </summary>
    /// <param name="config">What the proxy should run.</param>
    /// <param name="scope">What is looked at.</param>
    /// <param name="refused">What the proxy is known to refuse; null for nothing.</param>
    public static ImmutableArray<Step> Foresee(HAProxyConfig config, PlanScope scope, Refusals? refused = null)
    {
        if (scope.Everything)
            return [];
        var plan = new PlanBuilder(refused ?? Refusals.None);
        var before = scope.Backends.Values.OfType<BackendConfig>().ToDictionary(one => one.Name, AsPushed, StringComparer.Ordinal);
        Backends(plan, config, new() { Backends = before }, scope, []);
        // A proxy that runs something else may have such a server ready, and no other.
        return [.. plan.Prepare.Build().Where(step => step is not SetServerState { State: not ServerState.Ready })];
    }

    private static ProxyBackend AsPushed(BackendConfig backend) => new(
        backend.Name,
        backend.Servers.ToDictionary(
            one => one.Name,
            one => new ProxyServer(one.Name, one.Address.Value, one.Port, one.State, Checked: true),
            StringComparer.Ordinal),
        Published: true);

    private static void Backends(PlanBuilder plan, HAProxyConfig config, ProxyState state, PlanScope scope, HashSet<string> kept)
    {
        var limit = config.ServerLimit.ToString(CultureInfo.InvariantCulture);
        var noted = state.Notes.GetValueOrDefault(ProxyNotes.ServerLimit);
        var limitAll = scope.Everything && scope.Role == ProxyRole.Ingress && noted != limit;
        foreach (var name in (scope.Everything ? config.Backends.Keys : scope.Backends.Keys).Order(StringComparer.Ordinal))
        {
            var actual = state.Backends.GetValueOrDefault(name);
            if (config.Backends.TryGetValue(name, out var backend))
                Keep(plan, backend, actual, config.ServerLimit, limitAll);
            else if (actual is not null && !kept.Contains(name))
                Drop(plan, actual);
        }

        if (limitAll)
            plan.Switch.Add(new NoteServerLimit(config.ServerLimit, noted is not null));
        if (!scope.Everything)
            return;
        var stray = state.Backends.Values.Where(one => !config.Backends.ContainsKey(one.Name) && !kept.Contains(one.Name));
        foreach (var actual in stray.OrderBy(one => one.Name, StringComparer.Ordinal))
            Drop(plan, actual);
    }

    private static void Keep(PlanBuilder plan, BackendConfig backend, ProxyBackend? actual, int limit, bool limitAll)
    {
        var (name, upstream, servers) = backend;
        if (actual is null && !plan.Prepare.Add(new AddBackend(name, HAProxyNames.Profile(upstream))))
            return;
        foreach (var server in servers)
        {
            if (actual is null || !actual.Servers.TryGetValue(server.Name, out var there))
            {
                plan.Prepare.Add(
                    new AddServer(name, server.Name, server.Address, server.Port, upstream.Protocol, upstream.SendProxy, limit));
                if (HAProxyNames.IsChecked(upstream))
                    plan.Prepare.Add(new CheckServer(name, server.Name));
                plan.Prepare.Add(new SetServerState(name, server.Name, server.State));
                continue;
            }

            if (limitAll)
                plan.Prepare.Add(new LimitServer(name, server.Name, limit));
            if (HAProxyNames.IsChecked(upstream) && !there.Checked)
                plan.Prepare.Add(new CheckServer(name, server.Name));
            if (there.State != server.State)
                (server.IsReady ? plan.Prepare : plan.Retire).Add(new SetServerState(name, server.Name, server.State));
        }

        if (actual is { Servers.Count: > 0 })
        {
            var kept = servers.Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
            var gone = actual.Servers.Values.Where(one => !kept.Contains(one.Name));
            foreach (var server in gone.OrderBy(one => one.Name, StringComparer.Ordinal))
                Drop(plan, name, server);
        }

        if (actual is not { Published: true })
            plan.Prepare.Add(new PublishBackend(name));
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
    private static HashSet<string> Routes(PlanBuilder plan, HAProxyConfig config, int version, ProxyState state, PlanScope scope)
    {
        var number = version.ToString(CultureInfo.InvariantCulture);
        var differing = (scope.Everything ? config.Routes.Keys.Union(state.Routes.Keys, StringComparer.Ordinal) : scope.Routes)
            .Append(HAProxyRoutes.VersionKey).Distinct(StringComparer.Ordinal)
            .Where(key => Wanted(key) != state.Routes.GetValueOrDefault(key));
        var added = new List<Step>();
        var moved = new List<Step>();
        var removed = new List<Step>();
        var unchanged = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var key in differing.Order(HAProxyRoutes.MoreSpecificFirst))
        {
            var want = Wanted(key);
            var have = state.Routes.GetValueOrDefault(key);
            if (plan.Refused.Has(new ProxyPart(PartKind.Route, key))
                || (want is not null && have is not null && plan.Refused.Has(new ProxyPart(PartKind.Backend, want))))
                unchanged[key] = have;
            else if (want is null)
                removed.Add(new DeleteRoute(key));
            else if (have is null)
                added.Add(new AddRoute(key, want));
            else
                moved.Add(new SetRoute(key, want));
        }

        var kept = unchanged.Values.OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (scope.Everything && added.Count + moved.Count + removed.Count >= ReplaceFrom && plan.Switch.Add(new ReplaceRoutes(All())))
            return kept;

        // A new key is in before another leads elsewhere or goes, and the version is said last. The more specific key comes before the other and goes
        // after it: at no step does a request fall to a key that is neither the one it had nor the one it gets.
        removed.Reverse();
        plan.Switch.AddRange(added.Concat(moved).Concat(removed).OrderBy(SaysVersion));
        return kept;

        string? Wanted(string key) => key == HAProxyRoutes.VersionKey ? number : config.Routes.GetValueOrDefault(key);

        ImmutableArray<KeyValuePair<string, string>> All() =>
        [
            .. config.Routes.Append(new(HAProxyRoutes.VersionKey, number)).Where(pair => !unchanged.ContainsKey(pair.Key))
                .Concat(unchanged.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value!)))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal),
        ];
    }

    private static bool SaysVersion(Step step) => step is AddRoute { Key: HAProxyRoutes.VersionKey } or SetRoute { Key: HAProxyRoutes.VersionKey };

    private static void Certificates(PlanBuilder plan, HAProxyConfig config, ProxyState state, PlanScope scope)
    {
        var references = (scope.Everything ? config.Certificates.Keys : scope.Certificates)
            .OrderBy(one => one.ToString(), StringComparer.Ordinal);
        plan.Prepare.AddRange(state.UnfinishedCertificates.Order(StringComparer.Ordinal).Select(name => new AbortCertificate(name)));
        var shown = state.Certificates.Keys.Select(line => line.Certificate).ToHashSet(StringComparer.Ordinal);
        var lines = new HashSet<CertificateLine>();
        var prefixes = new List<string>();
        var own = new List<Step>();
        foreach (var reference in references)
        {
            prefixes.Add(HAProxyNames.CertificatePrefix(reference));
            if (config.Certificates.GetValueOrDefault(reference) is not { Fingerprint: { } fingerprint, ServerNames: var hosts })
                continue;
            var name = HAProxyNames.Certificate(reference, fingerprint);
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
            var unnamed = (config.Certificates.GetValueOrDefault(CertificateReference.Default)?.ServerNames ?? []).Except(named);
            var wanted = unnamed.Order(StringComparer.Ordinal).Select(host => new CertificateLine(BootstrapNames.DefaultCertificate, host));
            foreach (var line in wanted)
            {
                if (lines.Add(line) && !state.Certificates.ContainsKey(line))
                    plan.Prepare.Add(new BindCertificate(line));
            }

            prefixes.Add(BootstrapNames.DefaultCertificate);
        }

        plan.Prepare.AddRange(own);

        // Without one wanted the last stays: a client must be shown something, and the bootstrap's own cannot be had back without a restart.
        if (config.DefaultCertificate is { } byDefault && (scope.Everything || scope.Certificates.Contains(byDefault.Reference)))
        {
            var name = HAProxyNames.Certificate(byDefault.Reference, byDefault.Fingerprint);
            if (state.Notes.GetValueOrDefault(ProxyNotes.DefaultCertificate) != name)
            {
                plan.Prepare.Add(new SetDefaultCertificate(name, byDefault.Reference));
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

        static bool IsDefault(CertificateLine line) => line.Certificate == BootstrapNames.DefaultCertificate;

        bool Looked(string name) => scope.Everything || prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
    }

    private static void ProxySources(PlanBuilder plan, ProxyProtocolSettings settings, ProxyState state)
    {
        foreach (var source in settings.Sources)
        {
            if (!state.ProxySources.TryGetValue(source.Network, out var word))
                plan.Switch.Add(new AddProxySource(source));
            else if (word != HAProxyNames.SourceWord(source))
                plan.Switch.Add(new SetProxySource(source));
        }

        var gone = state.ProxySources.Keys.Except(settings.Sources.Select(source => source.Network), StringComparer.Ordinal);
        plan.Switch.AddRange(gone.Order(StringComparer.Ordinal).Select(network => new DeleteProxySource(network)));
        if (settings.LinkId != state.Notes.ContainsKey(ProxyNotes.LinkId))
            plan.Switch.Add(new TellLinkId(settings.LinkId));
    }
}
