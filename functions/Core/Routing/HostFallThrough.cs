namespace IngressReconciler.Routing;

/// <summary>
/// What a host leaves unmatched falls only to rules of the same owner. Where the next level that a proxy would try is another's, the routes
/// of the owner's own level behind it are repeated here, and the host ends: the rest is answered 404.
/// </summary>
/// <param name="Added">The routes that are repeated, and those to default backends; after all that is asked for on the host itself.</param>
/// <param name="Repeats">Whether they depend on what the levels below it ask for.</param>
/// <param name="TooMany">Whether a level below it has more routes than are repeated.</param>
/// <param name="Ends">Whether what no route matches is answered 404.</param>
internal readonly record struct HostFallThrough(ValueList<Route> Added, bool Repeats, bool TooMany, bool Ends)
{
    /// <summary>Most routes of a less specific host that are repeated; with more, none are.</summary>
    public const int MostRepeated = 100;

    private static readonly RouteMatch Everything = new() { Path = new(PathMatchType.Prefix, "/") };

    /// <summary>Closes a host against other owners.</summary>
    /// <param name="host">The host.</param>
    /// <param name="below">The less specific levels that are held by somebody, in the order in which a proxy tries them.</param>
    public static HostFallThrough Of(HostLevel host, IReadOnlyList<HostLevel> below)
    {
        var (asked, added) = (host.Asked, new Dictionary<RouteMatch, Route>());
        HostLevel[] own = [.. below.Where(host.SharesHolder)];
        var (repeats, tooMany, ends) = (false, false, false);
        if (host.Host == HostKey.AnyHost)
            AddDefault(asked.Default);
        else if (!Has(Everything))
        {
            repeats = asked.Default is { } byDefault
                ? own.Length < below.Count || !LeadTo(own, byDefault)
                : below.Count > 0 && !host.SharesHolder(below[0]);
            if (repeats)
            {
                tooMany = own.Any(level => level.Asked.Routes.Count > MostRepeated);
                foreach (var level in own.Where(level => level.Asked.Routes.Count <= MostRepeated))
                    Repeat(level.Asked.Routes);
                AddDefault(asked.Default);
                foreach (var level in tooMany ? [] : own)
                    AddDefault(level.Asked.Default);
            }

            ends = (repeats || below.Count == 0) && !Has(Everything);
        }

        return new(added.Values.ToValueList(), repeats, tooMany, ends);

        bool Has(RouteMatch match) => asked.Routes.Find(match) is not null || added.ContainsKey(match);

        void AddDefault(Route? route)
        {
            if (route is not null && !Has(Everything))
                added.Add(route.Match, route);
        }

        // As a proxy does that tries one level after the other: whatever is matched here is not matched there.
        void Repeat(RouteList less)
        {
            foreach (var route in less.Where(route => !Has(route.Match) && !Prefixes(route.Match.Path).Any(Has)).ToArray())
                added.Add(route.Match, route);
        }
    }

    /// <summary>Whether all that these levels leave goes to one default backend, so that it need not be said again.</summary>
    private static bool LeadTo(HostLevel[] levels, Route byDefault)
    {
        Route[] defaults = [.. levels.Select(level => level.Asked.Default).OfType<Route>()];
        return defaults.Length > 0 && defaults.All(one => one.Origin == byDefault.Origin);
    }

    /// <summary>The prefixes that match all that a path matches.</summary>
    private static IEnumerable<RouteMatch> Prefixes(PathMatch path)
    {
        yield return Everything;
        for (var end = path.Value.IndexOf('/', 1); end > 0; end = path.Value.IndexOf('/', end + 1))
            yield return new() { Path = new(PathMatchType.Prefix, path.Value[..end]) };
        yield return new() { Path = path with { Type = PathMatchType.Prefix } };
    }
}
