using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>Settles what several objects ask for on one host: the oldest has what it asked for first, the others get a finding.</summary>
/// <param name="Routes">Routes that have been asked for, in the order of their objects' age.</param>
/// <param name="Default">Where requests go that no route matches; it yields to every route.</param>
/// <param name="Certificate">The certificate that is bound to the host.</param>
/// <param name="Conflicts">What was asked for and is not served.</param>
public sealed record HostMerge(
    ValueList<Route> Routes, Route? Default, CertificateReference? Certificate, ValueList<Finding> Conflicts)
{
    /// <summary>Merges.</summary>
    /// <param name="host">The host.</param>
    /// <param name="contributions">All that have a claim on it and may, the oldest first.</param>
    /// <param name="ownDefaults">Whether a default backend answers for its object's own hosts, too, and not only for every host.</param>
    public static HostMerge Of(string host, IEnumerable<IngressContribution> contributions, bool ownDefaults)
    {
        var routes = new List<Route>();
        var taken = new Dictionary<RouteMatch, (Route Route, IngressContribution By)>();
        var conflicts = new List<Finding>();
        (CertificateReference Reference, IngressContribution By)? certificate = null;
        (Route Route, IngressContribution By)? fallback = null;
        foreach (var contribution in contributions)
        {
            if (contribution.ClaimOn(host) is not { } claim)
                continue;
            foreach (var route in claim.Routes)
            {
                if (taken.TryAdd(route.Match, (route, contribution)))
                    routes.Add(route);
                else
                    conflicts.Add(Conflict(contribution, "RouteConflict",
                        $"{route.Origin.Field}: {Shown(host)} {Shown(route.Match.Path)} is taken by "
                        + $"{Winner(taken[route.Match], contribution)}. This path is not served. Remove one of the two."));
            }

            if (contribution.Default is { } wanted && (ownDefaults || host == HostKey.AnyHost))
            {
                if (fallback is not { } first)
                    fallback = (wanted, contribution);
                else if (host == HostKey.AnyHost)
                    conflicts.Add(EveryHostTaken(contribution, ownDefaults, wanted.Origin.Field, Winner(first, contribution)));
                else if (first.Route.Backends != wanted.Backends)
                    conflicts.Add(Conflict(contribution, "DefaultBackendConflict",
                        $"{wanted.Origin.Field}: the default backend of host {host} is set by {Winner(first, contribution)}. "
                        + "This one is not used there."));
            }

            if (claim.Certificate is { } reference)
            {
                if (certificate is not { } bound)
                    certificate = (reference, contribution);
                else if (bound.Reference != reference)
                    conflicts.Add(Conflict(contribution, "CertificateConflict",
                        $"spec.tls: host {host} is bound to {Shown(bound.Reference, contribution)} by {Older(bound.By, contribution)}. "
                        + $"Secret {reference} is not used for it."));
            }
        }

        return new(routes.ToValueList(), fallback?.Route, certificate?.Reference, conflicts.ToValueList());
    }

    /// <summary>The routes of a host that is nobody's own, the default backend last; null when nobody asks for anything.</summary>
    public HostRoutes? Open()
    {
        var all = Default is { } last && Routes.All(route => route.Match != last.Match) ? Routes.Append(last) : Routes.Items;
        var routes = all.OrderBy(route => route.Match, RoutePrecedence.Order).ToValueList();
        return routes.Count == 0 && Certificate is null ? null : new() { Routes = routes, Certificate = Certificate };
    }

    private static Finding EveryHostTaken(IngressContribution loser, bool ownDefaults, string field, string winner) =>
        ownDefaults && loser.HasHosts
            ? new(loser.Ingress, Severity.Notice, "DefaultBackendConflict",
                $"{field} answers for the hosts of this Ingress only: the default backend of every other host is set by {winner}.")
            : Conflict(loser, "DefaultBackendConflict", $"{field}: the default backend is set by {winner}. This one is not used.");

    private static Finding Conflict(IngressContribution loser, string reason, string message) =>
        new(loser.Ingress, Severity.Error, reason, message);

    private static string Winner((Route Route, IngressContribution By) winner, IngressContribution loser) =>
        winner.By.Ingress == loser.Ingress ? $"{winner.Route.Origin.Field} of the same Ingress" : Older(winner.By, loser);

    // A namespace learns nothing of another: not its name, nor those of its objects.
    private static string Older(IngressContribution winner, IngressContribution loser) =>
        (winner.Ingress.Namespace == loser.Ingress.Namespace ? $"{winner.Ingress}" : "an Ingress of another namespace")
        + $", which is {(winner.Created < loser.Created ? "older" : "as old and comes first by name")}";

    private static string Shown(CertificateReference bound, IngressContribution loser) =>
        bound.Namespace == loser.Ingress.Namespace ? $"Secret {bound}" : "another Secret";

    private static string Shown(string host) => host == HostKey.AnyHost ? "every host" : $"host {host}";

    private static string Shown(PathMatch path) => $"{path.Type} path {KubernetesName.Show(path.Value)}";
}
