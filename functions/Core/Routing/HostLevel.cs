using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>
/// One host as far as it goes by itself: whose it is, and what is asked for there. A proxy tries a host, then the wildcard host above it,
/// then every host. Kept from one change to the next, so that a change costs the claims that it concerns.
/// </summary>
/// <param name="Asked">What its owner's namespace asks for there; everything, where hosts are shared.</param>
internal sealed record HostLevel(HostMerge Asked)
{
    /// <summary>The host.</summary>
    public string Host => Asked.Host;

    /// <summary>The claim that decides whose it is; null when only the operator's list does.</summary>
    public OwnershipClaim? Owner { get; init; }

    /// <summary>The namespaces whose requests it may answer: the owner, or those that it is listed for.</summary>
    public ImmutableArray<string> Holders { get; init; } = [];

    /// <summary>What names it, for its owner or for those that it is listed for.</summary>
    public RouteOrigin Origin { get; init; }

    /// <summary>Claims of other namespaces, which might have it if it were not the owner's.</summary>
    public ImmutableSortedSet<OwnershipClaim> Rivals { get; init; } = OwnershipClaim.NoClaims;

    /// <summary>Claims of namespaces that the operator's list keeps out.</summary>
    public ImmutableSortedSet<OwnershipClaim> Barred { get; init; } = OwnershipClaim.NoClaims;

    /// <summary>Routes that are served besides those that are asked for: see <see cref="HostFallThrough"/>.</summary>
    public ValueList<Route> Added { get; init; } = [];

    /// <summary>Whether less specific hosts have too many routes to be repeated here.</summary>
    public bool IsTooMuchBelow { get; init; }

    /// <summary>All routes that are served.</summary>
    public RouteList Served { get; init; } = [];

    /// <summary>Whether any object names it.</summary>
    public bool IsNamed => !Asked.Claims.IsEmpty || !Rivals.IsEmpty || !Barred.IsEmpty;

    /// <summary>Whether there may be something to tell of it.</summary>
    public bool MayHaveFindings => Asked.MayConflict || IsTooMuchBelow || !Rivals.IsEmpty || !Barred.IsEmpty;

    /// <summary>Whether two levels have a holder in common, so that what one leaves may fall to the other.</summary>
    public bool SharesHolder(HostLevel other) => Holders.Any(other.Holders.Contains);

    /// <summary>It with these routes besides those that are asked for.</summary>
    /// <param name="added">The routes.</param>
    /// <param name="before">It as it was.</param>
    /// <param name="touched">Takes the matches of added routes that may be others than before.</param>
    public HostLevel Serve(ValueList<Route> added, HostLevel before, HashSet<RouteMatch> touched)
    {
        if (ReferenceEquals(Asked.Routes, before.Asked.Routes) && added == before.Added)
            return this with { Added = before.Added, Served = before.Served };
        touched.UnionWith(before.Added.Concat(added).Select(route => route.Match));
        return this with { Added = added, Served = Asked.Routes.With(added) };
    }
}
