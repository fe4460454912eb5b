using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>
/// The routing model of a cluster state, kept so that the next one costs what changed: each Ingress's contribution, who claims
/// which host and each route there, who refers to which Service or Secret. <c>Advance</c> over any sequence of changes gives what
/// <see cref="Of"/> gives for the last state.
/// </summary>
public sealed record Translation
{
    /// <summary>What is routed where.</summary>
    public RoutingModel Model { get; private init; } = RoutingModel.Empty;

    /// <summary>What the model needs of the cluster: Services' endpoints and Secrets' certificates.</summary>
    public ModelUses Uses { get; private init; } = ModelUses.None;

    private RoutingOptions Options { get; init; } = new();

    private ImmutableDictionary<string, IngressClass> Classes { get; init; } = ImmutableDictionary<string, IngressClass>.Empty;

    private NginxGlobalGuards Guards { get; init; } = NginxGlobalGuards.None;

    private ImmutableDictionary<ResourceKey, IngressContribution> Contributions { get; init; } = ImmutableDictionary<ResourceKey, IngressContribution>.Empty;

    private ImmutableDictionary<string, HostLevel> Levels { get; init; } = ImmutableDictionary<string, HostLevel>.Empty;

    private HostOwners Owners { get; init; } = HostOwners.None;

    private ImmutableDictionary<ResourceKey, ImmutableHashSet<ResourceKey>> Referrers { get; init; } = ImmutableDictionary<ResourceKey, ImmutableHashSet<ResourceKey>>.Empty;

    private ImmutableDictionary<ResourceKey, ValueList<Finding>> OwnFindings { get; init; } = ImmutableDictionary<ResourceKey, ValueList<Finding>>.Empty;

    private ImmutableDictionary<string, HostDispute> Disputes { get; init; } = ImmutableDictionary<string, HostDispute>.Empty;

    /// <summary>Findings of routing, of each object within <see cref="FindingLimit"/>.</summary>
    public IEnumerable<Finding> Findings => AllFindings.Limited();

    /// <summary>
    /// Every finding: first of objects by themselves, in the order of their fields, then of those that want the same, by host; what is said
    /// of several hosts once.
    /// </summary>
    internal IEnumerable<Finding> AllFindings => OwnFindings.Values.SelectMany(list => list.Items)
        .Concat(Disputes.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .SelectMany(pair => pair.Value.Findings(claim => Contributions[claim.Object]).Items).Distinct());

    /// <summary>What at the edge does not fit together.</summary>
    public ValueList<Finding> EdgeFindings => OwnFindings.TryGetValue(ProxyProtocol.EdgeKey, out var found) ? found : [];

    /// <summary>What an Ingress asks for; null when it is not ours and nothing is wrong with its class.</summary>
    public IngressContribution? ContributionOf(ResourceKey ingress) => Contributions.GetValueOrDefault(ingress);

    /// <summary>Translates a whole state.</summary>
    public static Translation Of(ClusterState state, RoutingOptions options)
    {
        var empty = new Translation { Options = options, Model = new() { Settings = options.Settings } };
        return empty.Advance(
            state,
            [.. state.Resources.Select(pair => new ResourceDifference(pair.Key, null, pair.Value))],
            withEdge: true,
            reserved: options.Ownership.Listed).Next;
    }

    /// <summary>The translation of a later state.</summary>
    /// <param name="state">The later state.</param>
    /// <param name="differences">All that differs between the two states.</param>
    /// <returns>The translation, and the hosts that differ, each as it was and as it is.</returns>
    public (Translation Next, ImmutableArray<HostDifference> Hosts) Advance(ClusterState state, ImmutableArray<ResourceDifference> differences) =>
        Advance(state, differences, withEdge: differences.Any(difference => EdgeTranslation.Concerns(difference.Key, Options)), reserved: []);

    private (Translation Next, ImmutableArray<HostDifference> Hosts) Advance(
        ClusterState state, ImmutableArray<ResourceDifference> differences, bool withEdge, IEnumerable<string> reserved)
    {
        var classes = Classes;
        foreach (var difference in differences)
        {
            if (difference.Key.Kind == ResourceKind.IngressClass)
                classes = difference.After is IngressClass now ? classes.SetItem(now.Metadata.Name, now) : classes.Remove(difference.Key.Name);
        }

        var guards = IngressNginxConfigMap.GuardsOf(state, Options);
        var step = new Step(this with { Classes = classes, Guards = guards }, state);
        if (classes != Classes)
            step.JudgeClasses(Classes);
        foreach (var key in Concerned(state, differences, all: classes != Classes || guards != Guards))
            step.Contribute(key);
        if (withEdge)
            step.Edge();
        return step.Finish(reserved);
    }

    private HashSet<ResourceKey> Concerned(ClusterState state, ImmutableArray<ResourceDifference> differences, bool all)
    {
        var concerned = new HashSet<ResourceKey>();
        if (all)
        {
            // Rare, and may concern any of them.
            concerned.UnionWith(state.Resources.Keys.Where(key => key.Kind == ResourceKind.Ingress));
        }

        foreach (var difference in differences)
        {
            if (difference.Key.Kind == ResourceKind.Ingress)
                concerned.Add(difference.Key);
            else if (Referrers.TryGetValue(difference.Key, out var referrers))
                concerned.UnionWith(referrers);
        }

        return concerned;
    }

    private sealed class Step(Translation before, ClusterState state)
    {
        private readonly ImmutableDictionary<ResourceKey, IngressContribution>.Builder contributions = before.Contributions.ToBuilder();
        private readonly ImmutableDictionary<string, HostLevel>.Builder levels = before.Levels.ToBuilder();
        private readonly MultimapBuilder<ResourceKey, ResourceKey> referrers = new(before.Referrers);
        private readonly ImmutableDictionary<ResourceKey, ValueList<Finding>>.Builder ownFindings = before.OwnFindings.ToBuilder();
        private readonly ImmutableDictionary<string, HostDispute>.Builder disputes = before.Disputes.ToBuilder();
        private readonly ImmutableDictionary<HostKey, HostRoutes>.Builder hosts = before.Model.Hosts.ToBuilder();
        private readonly Dictionary<string, List<(IngressContribution? Old, IngressContribution? Now)>> changes =
            new(StringComparer.Ordinal);
        private readonly List<HostDifference> differences = [];
        private RoutingSettings settings = before.Model.Settings;

        public void Edge()
        {
            var edge = EdgeTranslation.Translate(state, before.Options);
            settings = before.Options.Settings with { ProxyProtocol = edge.Settings };
            SetOrRemove(ownFindings, ProxyProtocol.EdgeKey, edge.Findings);
            if (before.Options.ConfigMap is { } configMap)
                SetOrRemove(ownFindings, configMap, IngressNginxConfigMap.Findings(state, before.Options));
            foreach (var (table, _, after) in edge.Tables)
                Set(new(table, before.Model.Hosts.GetValueOrDefault(table), after));
        }

        public void Contribute(ResourceKey key)
        {
            contributions.TryGetValue(key, out var old);
            var now = state.Find<Ingress>(key) is { } ingress ? Translate(ingress) : null;
            if (old is null ? now is null : old.Equals(now))
                return;

            referrers.Move(old?.References ?? [], now?.References ?? [], key);
            foreach (var host in (old?.Claims ?? []).Concat(now?.Claims ?? []).Select(claim => claim.Host).Distinct())
                ChangesOn(host).Add((old, now));

            SetOrRemove(ownFindings, key, now?.Findings ?? []);
            if (now is null)
                contributions.Remove(key);
            else
                contributions[key] = now;
        }

        public void JudgeClasses(ImmutableDictionary<string, IngressClass> old)
        {
            foreach (var one in old.Values)
                ownFindings.Remove(one.Key);
            foreach (var findings in IngressClasses.Findings(before.Classes, before.Options).GroupBy(one => one.Object))
                ownFindings[findings.Key] = findings.ToValueList();
        }

        private IngressContribution? Translate(Ingress ingress)
        {
            var ofClass = IngressClasses.Findings(ingress, before.Classes, before.Options).ToValueList();
            if (IngressClasses.IsOurs(ingress, before.Classes, before.Options))
                return IngressTranslation.Translate(ingress, state, before.Guards, before.Options.Settings.DefaultCertificate, before.Options.Secrets, ofClass);
            return ofClass.Count == 0 ? null : new(ingress.Key, ingress.Metadata.CreationTimestamp.GetValueOrDefault(), [], null, ofClass, []);
        }

        public (Translation, ImmutableArray<HostDifference>) Finish(IEnumerable<string> reserved)
        {
            foreach (var host in reserved)
                ChangesOn(host);
            var owners = before.Owners.ToBuilder();
            var settling = new HostSettling(before.Options.Ownership, owners, levels, claim => contributions[claim.Object]);
            foreach (var (host, level, routes, touched) in settling.Settle(changes))
            {
                var key = new HostKey(IngressTranslation.Table, host);
                Set(new(key, before.Model.Hosts.GetValueOrDefault(key), routes) { Touched = touched });
                if (level is { MayHaveFindings: true })
                    disputes[host] = new(level, before.Options.Ownership);
                else
                    disputes.Remove(host);
            }

            var next = before with
            {
                Model = before.Model with { Settings = settings, Hosts = hosts.ToImmutable() },
                Uses = before.Uses.After(differences),
                Contributions = contributions.ToImmutable(),
                Levels = levels.ToImmutable(),
                Owners = owners.Build(),
                Referrers = referrers.ToImmutable(),
                OwnFindings = ownFindings.ToImmutable(),
                Disputes = disputes.ToImmutable(),
            };
            return (next, [.. differences]);
        }

        private List<(IngressContribution? Old, IngressContribution? Now)> ChangesOn(string host) =>
            changes.TryGetValue(host, out var known) ? known : changes[host] = [];

        private void Set(HostDifference difference)
        {
            if (!difference.IsAny)
                return;
            if (difference.After is { } routes)
                hosts[difference.Host] = routes;
            else
                hosts.Remove(difference.Host);
            differences.Add(difference);
        }

        private static void SetOrRemove(
            ImmutableDictionary<ResourceKey, ValueList<Finding>>.Builder findings, ResourceKey key, ValueList<Finding> now)
        {
            if (now.Count == 0)
                findings.Remove(key);
            else
                findings[key] = now;
        }
    }
}
