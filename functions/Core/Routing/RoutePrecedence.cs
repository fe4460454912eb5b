namespace IngressReconciler.Routing;

/// <summary>
/// Which of two routes of one host is tried first (Gateway API, HTTPRouteRule.matches): exact path, longer path, method, more headers, more query
/// parameters; then the older object; then its name.
/// </summary>
public sealed class RoutePrecedence : IComparer<RouteMatch>
{
    /// <summary>The one instance.</summary>
    public static RoutePrecedence Order { get; } = new();

    /// <summary>Negative when <paramref name="x"/> is tried before <paramref name="y"/>; zero when nothing in the matches decides.</summary>
    public int Compare(RouteMatch? x, RouteMatch? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var decided = x.Path.Type.CompareTo(y.Path.Type);
        if (decided == 0)
            decided = y.Path.Value.Length.CompareTo(x.Path.Value.Length);
        if (decided == 0)
            decided = (y.Method is not null).CompareTo(x.Method is not null);
        if (decided == 0)
            decided = y.Headers.Count.CompareTo(x.Headers.Count);
        if (decided == 0)
            decided = y.Query.Count.CompareTo(x.Query.Count);
        return decided;
    }
}
