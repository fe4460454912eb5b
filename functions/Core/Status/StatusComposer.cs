using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Status;

/// <summary>
/// What is wanted ─► what Ingresses should say in <c>status.loadBalancer</c> (networking.k8s.io/v1). An Ingress of ours with at least one path
/// that is routed, and not closed, has the edge's addresses. Any other has none of ours, and nothing is said about what somebody else wrote
/// there.
/// </summary>
public static class StatusComposer
{
    /// <summary>The Ingresses of which another status may follow from a change: those that changed, and those that others' changes began or ceased to shadow.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="difference">What of the wanted differs by them.</param>
    public static IReadOnlySet<ResourceKey> Concerned(IEnumerable<ResourceChange> changes, DesiredDifference difference)
    {
        var concerned = changes.Select(change => change.Key).Where(IsIngress).ToHashSet();
        foreach (var route in difference.Hosts.SelectMany(host => host.Routes))
            concerned.UnionWith(Origins([route.Before, route.After]).Where(IsIngress));
        return concerned;
    }

    /// <summary>What must be written so that Ingresses say what they should.</summary>
    /// <param name="wanted">What is wanted, with the cluster as it is.</param>
    /// <param name="edge">The edge's addresses; none means that no status is ever touched.</param>
    /// <param name="ingresses">The Ingresses to look at.</param>
    public static ImmutableArray<StatusChange> Compose(
        DesiredState wanted, ValueList<LoadBalancerAddress> edge, IReadOnlyCollection<ResourceKey> ingresses)
    {
        if (edge.Count == 0)
            return [];
        var served = Served(wanted.Translation, ingresses);
        var changes = ImmutableArray.CreateBuilder<StatusChange>();
        foreach (var key in ingresses)
        {
            if (wanted.Cluster.Find<Ingress>(key) is not { } ingress)
                continue;
            var says = Addresses(ingress);
            if (served.Contains(key) && says != edge)
                changes.Add(new(key, ingress.Metadata.Uid, edge));
            else if (!served.Contains(key) && says == edge)
                changes.Add(new(key, ingress.Metadata.Uid, []));
        }

        return changes.DrainToImmutable();
    }

    /// <summary>Every Ingress of a cluster.</summary>
    public static IEnumerable<ResourceKey> All(ClusterState state) => state.Resources.Keys.Where(IsIngress);

    /// <summary>Of those Ingresses, and maybe others, all that a route of the model comes from.</summary>
    private static HashSet<ResourceKey> Served(Translation translation, IEnumerable<ResourceKey> ingresses)
    {
        var hosts = ingresses.SelectMany(key => (translation.ContributionOf(key)?.Claims ?? []).Items).Select(claim => claim.Host);
        return
        [
            .. hosts.Distinct()
                .Select(host => translation.Model.Hosts.GetValueOrDefault(new(IngressTranslation.Table, host)))
                .SelectMany(host => Origins(host?.Routes ?? [])),
        ];
    }

    private static IEnumerable<ResourceKey> Origins(IEnumerable<Route?> routes) =>
        routes.OfType<Route>().Where(route => route.Backends.Count > 0).Select(route => route.Origin.Object);

    /// <summary>What it says now; a field that is empty is as one that is not there.</summary>
    private static ValueList<LoadBalancerAddress> Addresses(Ingress ingress) => (ingress.Status?.LoadBalancer?.Ingress ?? [])
        .Where(one => one is not null)
        .Select(one => new LoadBalancerAddress(one.Ip is "" ? null : one.Ip, one.Hostname is "" ? null : one.Hostname))
        .ToValueList();

    private static bool IsIngress(ResourceKey key) => key.Kind == ResourceKind.Ingress;
}

/// <summary>A status to write.</summary>
/// <param name="Ingress">The Ingress.</param>
/// <param name="Uid">Which very object: one of the same name that came later is not meant.</param>
/// <param name="Addresses">What it should say; none means that only what we wrote is taken back.</param>
public sealed record StatusChange(ResourceKey Ingress, string Uid, ValueList<LoadBalancerAddress> Addresses);
