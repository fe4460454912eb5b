using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Compile;

/// <summary>
/// Routes as entries of the one map that the bootstrap looks up by longest beginning of <c>table|host/path#</c> (infra/haproxy/README.md):
/// an exact path is the key <c>table|host/path#</c>; a prefix is that key and <c>table|host/path/</c>, so that it ends at an element;
/// every host is no host at all. One look-up thus finds exact before prefix and longer before shorter. A host that ends has the key
/// <c>table|host/</c> in any case.
/// </summary>
public static class HAProxyRoutes
{
    /// <summary>The entry that carries the applied version, switched together with the routes. No request can ask for it: it begins no table.</summary>
    public const string VersionKey = "#version";

    /// <summary>
    /// Bytes of a key that HAProxy 3.4 still tells from any other: a node of its prefix tree has its place in half bits, as a signed number
    /// of 16 bits. What parts after that is lost in silence. <see cref="RoutePath.MaximumLength"/> keeps keys far below, also with a longer
    /// table than Ingress has.
    /// </summary>
    public const int MaximumKeyLength = 2047;

    /// <summary>Where a route without any backend leads: the bootstrap's backend that answers 503 to it.</summary>
    public const string NoBackend = "unrouted";

    /// <summary>
    /// Where what a host leaves leads when it ends: no backend has this name, and the bootstrap answers 404 to it. An older one answers 503.
    /// </summary>
    public const string NoRoute = "no-route";

    /// <summary>
    /// Of two keys that begin the same request's look-ups, the one that answers it before the other: exact host, wildcard, every host; then the longer.
    /// </summary>
    public static IComparer<string> MoreSpecificFirst { get; } = Comparer<string>.Create(static (left, right) =>
    {
        var decided = HostRank(left).CompareTo(HostRank(right));
        if (decided == 0)
            decided = right.Length.CompareTo(left.Length);
        return decided != 0 ? decided : string.CompareOrdinal(left, right);
    });

    /// <summary>
    /// The entries of one host; none for null. A route that HAProxy cannot be told of is closed: see <see cref="Findings"/>.
    /// </summary>
    public static Dictionary<string, string> Entries(HostKey host, HostRoutes? routes)
    {
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        var start = Start(host);
        foreach (var route in routes?.Routes ?? [])
        {
            // Routes come with the one that is tried first at the head, so the first to have a key keeps it.
            var backend = Backend(route);
            var path = route.Match.Path;
            if (path.Value != "/" || path.Type == PathMatchType.Exact)
                entries.TryAdd(ExactKey(start, path.Value), backend);
            if (path.Type == PathMatchType.Prefix)
                entries.TryAdd(PrefixKey(start, path.Value), backend);
        }

        if (routes is { Ends: not null })
            entries.TryAdd(PrefixKey(start, "/"), NoRoute);
        return entries;
    }

    /// <summary>
    /// The two keys that routes of one path may have, each with its value, null for no entry: what <see cref="Entries"/> has of them, at
    /// the cost of that path. Only of hosts whose routes all can be said.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string?>> EntriesAt(HostKey host, HostRoutes routes, string path)
    {
        var exact = Value(PathMatchType.Exact);
        var prefix = Value(PathMatchType.Prefix);
        var start = Start(host);
        var isAll = path == "/";
        yield return new(ExactKey(start, path), exact ?? (isAll ? null : prefix));
        yield return new(PrefixKey(start, path), prefix ?? (isAll && routes.Ends is not null ? NoRoute : null));

        string? Value(PathMatchType type) =>
            routes.Routes.Find(new() { Path = new(type, path) }) is { } route ? Backend(route) : null;
    }

    /// <summary>What asked for the entry of a key; null when nothing does.</summary>
    public static RouteOrigin? OriginOf(RoutingModel model, string key)
    {
        if (key.IndexOf('|', StringComparison.Ordinal) is not (> 0 and var bar) || key.IndexOf('/', bar) is not (> 0 and var path))
            return null;
        var host = new HostKey(key[..bar], path == bar + 1 ? HostKey.AnyHost : key[(bar + 1)..path]);
        var routes = model.Hosts.GetValueOrDefault(host);
        foreach (var route in routes?.Routes ?? [])
        {
            if (Entries(host, new() { Routes = [route] }).ContainsKey(key))
                return route.Origin;
        }

        return routes is not null && Entries(host, routes).ContainsKey(key) ? routes.Ends : null;
    }

    private static string Start(HostKey host) => host.Host == HostKey.AnyHost ? host.Table + "|" : $"{host.Table}|{host.Host}";

    private static string ExactKey(string start, string path) => $"{start}{path}#";

    private static string PrefixKey(string start, string path) => path == "/" ? $"{start}/" : $"{start}{path}/";

    /// <summary>
    /// What of one host's routes cannot be said to HAProxy. Such a route leads nowhere: half of what was asked for may be worse than
    /// nothing, where the other half was to keep somebody out.
    /// </summary>
    public static IEnumerable<Finding> Findings(HostRoutes? routes) => (routes?.Routes ?? []).Where(route => !IsExpressible(route)).Select(
        route => new Finding(
            route.Origin.Object, Severity.Error, "NotExpressible",
            $"{route.Origin.Field} asks for more than a host, a path and one backend, which these proxies cannot do yet. "
            + "Requests to it are answered 503."));

    /// <summary>Whether a route asks for nothing but a path and one backend.</summary>
    public static bool IsExpressible(Route route) =>
        route.Match is { Method: null, Headers.Count: 0, Query.Count: 0 }
        && route is { Filters.Count: 0, Timeouts: null, Backends.Count: <= 1 };

    private static int HostRank(string key)
    {
        var host = key.AsSpan(key.IndexOf('|', StringComparison.Ordinal) + 1);
        return host is ['/', ..] ? 2 : host is ['*', ..] ? 1 : 0;
    }

    private static string Backend(Route route) =>
        route.Backends.Count == 0 || !IsExpressible(route) ? NoBackend : HAProxyNames.Backend(route.Backends[0].Upstream);
}
