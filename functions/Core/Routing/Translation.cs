using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>
/// The routing model of a cluster state, kept so that the next one costs what changed: each Ingress's contribution, who claims which host,
/// who refers to which Service or Secret. <c>Advance</c> over any sequence of changes gives what <see cref="Of"/> gives for the last state.
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

    private ImmutableDictionary<string, ImmutableHashSet<ResourceKey>> Claimants { get; init; } = ImmutableDictionary<string, ImmutableHashSet<ResourceKey>>.Empty;

    private HostOwners Owners { get; init; } = HostOwners.None;

    private ImmutableDictionary<ResourceKey, ImmutableHashSet<ResourceKey>> Referrers { get; init; } = ImmutableDictionary<ResourceKey, ImmutableHashSet<ResourceKey>>.Empty;

    private ImmutableDictionary<ResourceKey, ValueList<Finding>> OwnFindings { get; init; } = ImmutableDictionary<ResourceKey, ValueList<Finding>>.Empty;

    private ImmutableDictionary<string, ValueList<Finding>> HostFindings { get; init; } = ImmutableDictionary<string, ValueList<Finding>>.Empty;

    /// <summary>Findings of routing, of each object within <see cref="FindingLimit"/>.</summary>
    public IEnumerable<Finding> Findings => AllFindings.Limited();

    /// <summary>
    /// Every finding: first of objects by themselves, in the order of their fields, then of those that want the same, by host; what is said
    /// of several hosts once.
    /// </summary>
    internal IEnumerable<Finding> AllFindings => OwnFindings.Values.SelectMany(list => list.Items)
        .Concat(HostFindings.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value.Items).Distinct());

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
        private readonly MultimapBuilder<string, ResourceKey> claimants = new(before.Claimants);
        private readonly MultimapBuilder<ResourceKey, ResourceKey> referrers = new(before.Referrers);
        private readonly ImmutableDictionary<ResourceKey, ValueList<Finding>>.Builder ownFindings = before.OwnFindings.ToBuilder();
        private readonly ImmutableDictionary<string, ValueList<Finding>>.Builder hostFindings = before.HostFindings.ToBuilder();
        private readonly ImmutableDictionary<HostKey, HostRoutes>.Builder hosts = before.Model.Hosts.ToBuilder();
        private readonly HashSet<string> touched = [];
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
                Set(table, after);
        }

        public void Contribute(ResourceKey key)
        {
            contributions.TryGetValue(key, out var old);
            var now = state.Find<Ingress>(key) is { } ingress ? Translate(ingress) : null;
            if (old is null ? now is null : old.Equals(now))
                return;

            referrers.Move(old?.References ?? [], now?.References ?? [], key);
            string[] were = [.. (old?.Claims ?? []).Select(claim => claim.Host)];
            string[] are = [.. (now?.Claims ?? []).Select(claim => claim.Host)];
            claimants.Move(were, are, key);
            touched.UnionWith(were);
            touched.UnionWith(are);

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
            touched.UnionWith(reserved);
            var owners = before.Owners.ToBuilder();
            var settled = before.Options.Ownership is { IsShared: false } ownership
                ? new HostSettling(ownership, owners, ClaimsOn).Settle(touched)
                : touched.Order(StringComparer.Ordinal).Select(Share);
            foreach (var (host, routes, findings) in settled)
            {
                SetOrRemove(hostFindings, host, findings);
                Set(new(IngressTranslation.Table, host), routes);
            }

            var next = before with
            {
                Model = before.Model with { Settings = settings, Hosts = hosts.ToImmutable() },
                Uses = before.Uses.After(differences),
                Contributions = contributions.ToImmutable(),
                Claimants = claimants.ToImmutable(),
                Owners = owners.Build(),
                Referrers = referrers.ToImmutable(),
                OwnFindings = ownFindings.ToImmutable(),
                HostFindings = hostFindings.ToImmutable(),
            };
            return (next, [.. differences]);
        }

        private IEnumerable<IngressContribution> ClaimsOn(string host) => claimants[host].Select(key => contributions[key]);

        private (string Host, HostRoutes? Routes, ValueList<Finding> Findings) Share(string host)
        {
            var merged = HostMerge.Of(host, ClaimsOn(host).OrderBy(one => one.Claim, OwnershipClaim.OlderFirst), ownDefaults: false);
            return (host, merged.Open(), merged.Conflicts);
        }

        private void Set(HostKey key, HostRoutes? routes)
        {
            hosts.TryGetValue(key, out var old);
            if (old is null ? routes is null : old.Equals(routes))
                return;
            if (routes is null)
                hosts.Remove(key);
            else
                hosts[key] = routes;
            differences.Add(new(key, old, routes));
        }

        private static void SetOrRemove<TKey>(ImmutableDictionary<TKey, ValueList<Finding>>.Builder findings, TKey key, ValueList<Finding> now)
            where TKey : notnull
        {
            if (now.Count == 0)
                findings.Remove(key);
            else
                findings[key] = now;
        }
    }
}

/// <summary>One host before and after a change of the model.</summary>
/// <param name="Host">The host.</param>
/// <param name="Before">As it was; null if it was not there.</param>
/// <param name="After">As it is; null if it is gone.</param>
public readonly record struct HostDifference(HostKey Host, HostRoutes? Before, HostRoutes? After);
