using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>One host before and after a change of the model.</summary>
/// <param name="Host">The host.</param>
/// <param name="Before">As it was; null if it was not there.</param>
/// <param name="After">As it is; null if it is gone.</param>
public readonly record struct HostDifference(HostKey Host, HostRoutes? Before, HostRoutes? After)
{
    /// <summary>The matches outside of which no route differs; null when all are to be compared.</summary>
    internal ImmutableArray<RouteMatch>? Touched { get; init; }

    /// <summary>
    /// The routes that differ, those that are tried first at the head. A translation's difference costs what differs, not what the host
    /// has. Whoever makes something of several matches together, as of an exact path and a prefix, asks <see cref="RouteList.Find"/> of
    /// <see cref="Before"/> and <see cref="After"/> for the others.
    /// </summary>
    public IEnumerable<RouteDifference> Routes
    {
        get
        {
            var (before, after) = (Before?.Routes ?? [], After?.Routes ?? []);
            if (before.Count == 0)
                return after.Select(route => new RouteDifference(null, route));
            if (after.Count == 0)
                return before.Select(route => new RouteDifference(route, null));
            var matches = Touched ?? before.Concat(after).Select(route => route.Match);
            return matches.Distinct()
                .Select(match => new RouteDifference(before.Find(match), after.Find(match)))
                .Where(route => route.Before != route.After)
                .OrderBy(route => route.Match, RoutePrecedence.Order).ThenBy(route => route.Match.Path.Value, StringComparer.Ordinal);
        }
    }

    /// <summary>Whether anything differs, be it only the order of routes that nothing but their age puts in order.</summary>
    internal bool IsAny => Before is null || After is null ? Before != After : Routes.Any() || Before != After;
}

/// <summary>What answers the requests of one match of a host, before and after a change.</summary>
/// <param name="Before">The route that did; null for none.</param>
/// <param name="After">The route that does; null for none.</param>
public readonly record struct RouteDifference(Route? Before, Route? After)
{
    /// <summary>The match.</summary>
    public RouteMatch Match => (After ?? Before)!.Match;
}
