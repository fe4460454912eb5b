namespace IngressReconciler.Routing;

/// <summary>A route and what decides its place among those of its host.</summary>
/// <param name="Route">The route.</param>
/// <param name="By">The claim that asks for it.</param>
/// <param name="Place">Its place in that claim.</param>
/// <param name="IsAdded">
/// Whether no claim asks for it on this host: it leads to a default backend, or repeats what a less specific host has.
/// </param>
internal sealed record RankedRoute(Route Route, OwnershipClaim By, int Place, bool IsAdded = false)
{
    /// <summary>The route of the older claim first; of one claim, in its order.</summary>
    public static IComparer<RankedRoute> OlderFirst { get; } = Comparer<RankedRoute>.Create(static (left, right) =>
    {
        var decided = OwnershipClaim.OlderFirst.Compare(left.By, right.By);
        return decided != 0 ? decided : left.Place.CompareTo(right.Place);
    });

    /// <summary>The route that is tried first, first.</summary>
    public static IComparer<RankedRoute> TriedFirst { get; } = Comparer<RankedRoute>.Create(static (left, right) =>
    {
        var decided = RoutePrecedence.Order.Compare(left.Route.Match, right.Route.Match);
        if (decided == 0)
            decided = left.IsAdded.CompareTo(right.IsAdded);
        return decided != 0 ? decided : OlderFirst.Compare(left, right);
    });
}
