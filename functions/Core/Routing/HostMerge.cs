using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>
/// What several objects ask for on one host, settled: the oldest has what it asked for first, the others get a finding. Kept so that a
/// claim's change costs what of the claim changes.
/// </summary>
/// <param name="Host">The host.</param>
/// <param name="OwnDefaults">Whether a default backend answers for its object's own hosts, too, and not only for every host.</param>
internal sealed record HostMerge(string Host, bool OwnDefaults)
{
    private const int PlaceOfDefault = int.MaxValue - 1;
    private const int PlaceOfCertificate = int.MaxValue;
    private static readonly ImmutableSortedDictionary<OwnershipClaim, Route> NoDefaults =
        ImmutableSortedDictionary.Create<OwnershipClaim, Route>(OwnershipClaim.OlderFirst);
    private static readonly ImmutableSortedDictionary<OwnershipClaim, CertificateReference> NoCertificates =
        ImmutableSortedDictionary.Create<OwnershipClaim, CertificateReference>(OwnershipClaim.OlderFirst);

    /// <summary>The claims that are merged, the oldest first.</summary>
    public ImmutableSortedSet<OwnershipClaim> Claims { get; private init; } = OwnershipClaim.NoClaims;

    /// <summary>The route of each match that is asked for: the oldest claim's.</summary>
    public RouteList Routes { get; private init; } = [];

    /// <summary>Where requests go that no route matches; it yields to every route.</summary>
    public Route? Default => Defaults.IsEmpty ? null : Defaults.First().Value;

    /// <summary>The certificate that is bound to the host.</summary>
    public CertificateReference? Certificate => Certificates.IsEmpty ? null : Certificates.First().Value;

    /// <summary>Whether there may be <see cref="Conflicts"/>.</summary>
    public bool MayConflict => !Contested.IsEmpty || Defaults.Count > 1 || Certificates.Count > 1;

    /// <summary>All that ask for the same match, where they are several.</summary>
    private ImmutableDictionary<RouteMatch, ImmutableSortedSet<RankedRoute>> Contested { get; init; } =
        ImmutableDictionary<RouteMatch, ImmutableSortedSet<RankedRoute>>.Empty;

    private ImmutableSortedDictionary<OwnershipClaim, Route> Defaults { get; init; } = NoDefaults;

    private ImmutableSortedDictionary<OwnershipClaim, CertificateReference> Certificates { get; init; } = NoCertificates;

    /// <summary>What was asked for and is not served; the oldest object's first, of each in the order of its fields.</summary>
    /// <param name="asks">What the object of a claim asks for.</param>
    public IEnumerable<Finding> Conflicts(Func<OwnershipClaim, IngressContribution> asks) =>
        OfRoutes().Concat(OfDefaults(asks)).Concat(OfCertificates())
            .OrderBy(one => one.Loser, OwnershipClaim.OlderFirst).ThenBy(one => one.Place).Select(one => one.Finding);

    /// <summary>The same, to be changed.</summary>
    /// <param name="touched">Takes the match of every route that comes, goes or is another.</param>
    public Builder ToBuilder(HashSet<RouteMatch> touched) => new(this, touched);

    private IEnumerable<(OwnershipClaim Loser, int Place, Finding Finding)> OfRoutes()
    {
        foreach (var contenders in Contested.Values)
        {
            var winner = contenders[0];
            foreach (var (route, loser, place, _) in contenders.Skip(1))
                yield return (loser, place, Conflict(loser, "RouteConflict",
                    $"{route.Origin.Field}: {Shown(Host)} {Shown(route.Match.Path)} is taken by "
                    + $"{Winner(winner.Route.Origin, winner.By, loser)}. This path is not served. Remove one of the two."));
        }
    }

    private IEnumerable<(OwnershipClaim Loser, int Place, Finding Finding)> OfDefaults(Func<OwnershipClaim, IngressContribution> asks)
    {
        var (by, first) = Defaults.FirstOrDefault();
        foreach (var (loser, wanted) in Defaults.Skip(1))
        {
            var (field, winner) = (wanted.Origin.Field, Winner(first.Origin, by, loser));
            if (Host == HostKey.AnyHost)
                yield return (loser, PlaceOfDefault, EveryHostTaken(asks(loser), OwnDefaults, field, winner));
            else if (first.Backends != wanted.Backends)
                yield return (loser, PlaceOfDefault, Conflict(loser, "DefaultBackendConflict",
                    $"{field}: the default backend of host {Host} is set by {winner}. This one is not used there."));
        }
    }

    private IEnumerable<(OwnershipClaim Loser, int Place, Finding Finding)> OfCertificates()
    {
        var (by, bound) = Certificates.FirstOrDefault();
        foreach (var (loser, reference) in Certificates.Where(one => one.Value != bound))
            yield return (loser, PlaceOfCertificate, Conflict(loser, "CertificateConflict",
                $"spec.tls: host {Host} is bound to {Shown(bound, loser)} by {Older(by, loser)}. Secret {reference} is not used for it."));
    }

    private static Finding EveryHostTaken(IngressContribution loser, bool ownDefaults, string field, string winner) =>
        ownDefaults && loser.HasHosts
            ? new(loser.Ingress, Severity.Notice, "DefaultBackendConflict",
                $"{field} answers for the hosts of this Ingress only: the default backend of every other host is set by {winner}.")
            : Conflict(loser.Claim, "DefaultBackendConflict", $"{field}: the default backend is set by {winner}. This one is not used.");

    private static Finding Conflict(OwnershipClaim loser, string reason, string message) =>
        new(loser.Object, Severity.Error, reason, message);

    private static string Winner(RouteOrigin winner, OwnershipClaim by, OwnershipClaim loser) =>
        by.Object == loser.Object ? $"{winner.Field} of the same Ingress" : Older(by, loser);

    // A namespace learns nothing of another: not its name, nor those of its objects.
    private static string Older(OwnershipClaim winner, OwnershipClaim loser) =>
        (winner.Namespace == loser.Namespace ? $"{winner.Object}" : "an Ingress of another namespace")
        + $", which is {(winner.Created < loser.Created ? "older" : "as old and comes first by name")}";

    private static string Shown(CertificateReference bound, OwnershipClaim loser) =>
        bound.Namespace == loser.Namespace ? $"Secret {bound}" : "another Secret";

    private static string Shown(string host) => host == HostKey.AnyHost ? "every host" : $"host {host}";

    private static string Shown(PathMatch path) => $"{path.Type} path {KubernetesName.Show(path.Value)}";

    /// <summary>Claims that are being merged.</summary>
    internal sealed class Builder(HostMerge before, HashSet<RouteMatch> touched)
    {
        private readonly ImmutableSortedSet<OwnershipClaim>.Builder claims = before.Claims.ToBuilder();
        private readonly RouteList.Builder routes = before.Routes.ToBuilder();
        private readonly ImmutableDictionary<RouteMatch, ImmutableSortedSet<RankedRoute>>.Builder contested = before.Contested.ToBuilder();
        private readonly ImmutableSortedDictionary<OwnershipClaim, Route>.Builder defaults = before.Defaults.ToBuilder();
        private readonly ImmutableSortedDictionary<OwnershipClaim, CertificateReference>.Builder certificates =
            before.Certificates.ToBuilder();

        /// <summary>Merges what an object asks for now in place of what it asked for before; null for nothing.</summary>
        public void Move(IngressContribution? old, IngressContribution? now)
        {
            var (was, on) = (old?.ClaimOn(before.Host), now?.ClaimOn(before.Host));
            var (oldRoutes, routesNow) = (was?.Routes ?? [], on?.Routes ?? []);
            var sameClaim = was is not null && on is not null && old!.Claim == now!.Claim;
            for (var i = 0; i < oldRoutes.Count; i++)
            {
                if (!Stays(i))
                    Withdraw(new(oldRoutes[i], old!.Claim, i));
            }

            for (var i = 0; i < routesNow.Count; i++)
            {
                if (!Stays(i))
                    Ask(new(routesNow[i], now!.Claim, i));
            }

            if (was is not null)
            {
                claims.Remove(old!.Claim);
                defaults.Remove(old.Claim);
                certificates.Remove(old.Claim);
            }

            if (on is null)
                return;
            claims.Add(now!.Claim);
            if (now.Default is { } byDefault && (before.OwnDefaults || before.Host == HostKey.AnyHost))
                defaults.Add(now.Claim, byDefault);
            if (on.Certificate is { } certificate)
                certificates.Add(now.Claim, certificate);

            bool Stays(int i) => sameClaim && i < oldRoutes.Count && i < routesNow.Count && oldRoutes[i] == routesNow[i];
        }

        /// <summary>The merge as it is now.</summary>
        public HostMerge ToImmutable() => before with
        {
            Claims = claims.ToImmutable(),
            Routes = routes.ToImmutable(),
            Contested = contested.ToImmutable(),
            Defaults = defaults.ToImmutable(),
            Certificates = certificates.ToImmutable(),
        };

        private void Ask(RankedRoute route)
        {
            var match = route.Route.Match;
            touched.Add(match);
            if (routes[match] is not { } winner)
            {
                routes.Add(route);
                return;
            }

            var contenders = contested.GetValueOrDefault(match) ?? ImmutableSortedSet.Create(RankedRoute.OlderFirst, winner);
            contested[match] = contenders = contenders.Add(route);
            Lead(winner, contenders[0]);
        }

        private void Withdraw(RankedRoute route)
        {
            var match = route.Route.Match;
            touched.Add(match);
            var winner = routes[match]!;
            if (!contested.TryGetValue(match, out var contenders))
            {
                routes.Remove(winner);
                return;
            }

            contenders = contenders.Remove(route);
            if (contenders.Count > 1)
                contested[match] = contenders;
            else
                contested.Remove(match);
            Lead(winner, contenders[0]);
        }

        private void Lead(RankedRoute was, RankedRoute now)
        {
            if (ReferenceEquals(was, now))
                return;
            routes.Remove(was);
            routes.Add(now);
        }
    }
}
