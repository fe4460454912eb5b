using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>
/// One host as far as it goes by itself: whose it is, and what is asked for there. A proxy tries a host, then the wildcard host above it,
/// then every host.
/// </summary>
/// <param name="Host">The host.</param>
/// <param name="Owner">The claim that decides whose it is; null when only the operator's list does.</param>
/// <param name="Holders">The namespaces whose requests it may answer: the owner, or those that it is listed for.</param>
/// <param name="Origin">What names it, for its owner or for those that it is listed for.</param>
/// <param name="Asked">What its owner asks for there.</param>
public sealed record HostLevel(string Host, OwnershipClaim? Owner, ImmutableArray<string> Holders, RouteOrigin Origin, HostMerge Asked)
{
    /// <summary>Whether two levels have a holder in common, so that what one leaves may fall to the other.</summary>
    public bool SharesHolder(HostLevel other) => Holders.Any(other.Holders.Contains);
}

/// <summary>
/// What a host leaves unmatched falls only to rules of the same owner. Where the next level that a proxy would try is another's, the routes
/// of the owner's own level behind it are repeated here, and the host ends: the rest is answered 404.
/// </summary>
public static class HostFallThrough
{
    /// <summary>Most routes of a less specific host that are repeated; with more, none are.</summary>
    public const int MostRepeated = 100;

    /// <summary>The routes of a host, closed against other owners.</summary>
    /// <param name="host">The host.</param>
    /// <param name="below">The less specific levels that are held by somebody, in the order in which a proxy tries them.</param>
    public static (HostRoutes? Routes, bool Repeats, bool TooMany) Close(HostLevel host, IReadOnlyList<HostLevel> below)
    {
        var routes = host.Asked.Routes.ToList();
        HostLevel[] own = [.. below.Where(host.SharesHolder)];
        var (repeats, tooMany, ends) = (false, false, false);
        if (host.Host == HostKey.AnyHost)
            AddDefault(host.Asked.Default);
        else if (!TakesAll(routes))
        {
            repeats = host.Asked.Default is { } byDefault
                ? own.Length < below.Count || !LeadTo(own, byDefault)
                : below.Count > 0 && !host.SharesHolder(below[0]);
            if (repeats)
            {
                tooMany = own.Any(level => level.Asked.Routes.Count > MostRepeated);
                foreach (var level in own.Where(level => level.Asked.Routes.Count <= MostRepeated))
                    Repeat(level.Asked.Routes);
                AddDefault(host.Asked.Default);
                foreach (var level in tooMany ? [] : own)
                    AddDefault(level.Asked.Default);
            }

            ends = (repeats || below.Count == 0) && !TakesAll(routes);
        }

        // A server name without a certificate of its own would be shown that of the wildcard host.
        var keepsDefault = below is [{ Asked.Certificate: not null } above, ..] && !host.SharesHolder(above);
        if (routes.Count == 0 && host.Asked.Certificate is null && !keepsDefault && !ends)
            return (null, repeats, tooMany);
        HostRoutes closed = new()
        {
            Routes = routes.OrderBy(route => route.Match, RoutePrecedence.Order).ToValueList(),
            Certificate = host.Asked.Certificate,
            KeepsDefaultCertificate = keepsDefault,
            Ends = ends ? host.Origin : null,
        };
        return (closed, repeats, tooMany);

        void AddDefault(Route? route)
        {
            if (route is not null && !TakesAll(routes))
                routes.Add(route);
        }

        // As a proxy does that tries one level after the other: whatever is matched here is not matched there.
        void Repeat(IEnumerable<Route> less)
        {
            var more = routes.ToArray();
            routes.AddRange(less.Where(route => !more.Any(one => one.Match == route.Match || Covers(one.Match.Path, route.Match.Path))));
        }
    }

    /// <summary>Whether all that these levels leave goes to one default backend, so that it need not be said again.</summary>
    private static bool LeadTo(HostLevel[] levels, Route byDefault)
    {
        Route[] defaults = [.. levels.Select(level => level.Asked.Default).OfType<Route>()];
        return defaults.Length > 0 && defaults.All(one => one.Origin == byDefault.Origin);
    }

    private static bool TakesAll(List<Route> routes) => routes.Any(route => route.Match is
    {
        Path: { Type: PathMatchType.Prefix, Value: "/" }, Method: null, Headers.Count: 0, Query.Count: 0,
    });

    private static bool Covers(PathMatch prefix, PathMatch path) =>
        prefix.Type == PathMatchType.Prefix
        && (prefix.Value == "/" || path.Value == prefix.Value || path.Value.StartsWith(prefix.Value + "/", StringComparison.Ordinal));
}
