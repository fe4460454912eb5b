using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>Settles what several objects ask for on one host: the oldest has what it asked for first, the others get a finding.</summary>
public static class HostMerge
{
    /// <summary>The host's routes, or null when nobody asks for anything; and the conflicts.</summary>
    /// <param name="host">The host.</param>
    /// <param name="contributions">All that have a claim on it, in any order.</param>
    public static (HostRoutes? Routes, ValueList<Finding> Conflicts) Merge(string host, IEnumerable<IngressContribution> contributions)
    {
        var routes = new List<Route>();
        var taken = new Dictionary<RouteMatch, (Route Route, IngressContribution By)>();
        var conflicts = new List<Finding>();
        (CertificateReference Reference, IngressContribution By)? certificate = null;
        (Route Route, IngressContribution By)? fallback = null;
        var ordered = contributions
            .OrderBy(one => one.Created)
            .ThenBy(one => one.Ingress.Namespace, StringComparer.Ordinal)
            .ThenBy(one => one.Ingress.Name, StringComparer.Ordinal);

        foreach (var contribution in ordered)
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

            if (claim.Default is { } wanted)
            {
                if (fallback is null)
                    fallback = (wanted, contribution);
                else
                    conflicts.Add(Conflict(contribution, "DefaultBackendConflict", $"{wanted.Origin.Field}: the default backend is set by {Winner(fallback.Value, contribution)}. This one is not used."));
            }

            if (claim.Certificate is { } reference)
            {
                if (certificate is null)
                    certificate = (reference, contribution);
                else if (certificate.Value.Reference != reference)
                    conflicts.Add(Conflict(contribution, "CertificateConflict", $"spec.tls: host {host} is bound to Secret {certificate.Value.Reference} by {Older(certificate.Value.By, contribution)}. Secret {reference} is not used for it."));
            }
        }

        if (fallback is { Route: var last } && !taken.ContainsKey(last.Match))
            routes.Add(last);
        if (routes.Count == 0 && certificate is null)
            return (null, conflicts.ToValueList());
        var merged = new HostRoutes
        {
            Routes = routes.OrderBy(route => route.Match, RoutePrecedence.Order).ToValueList(),
            Certificate = certificate?.Reference,
        };
        return (merged, conflicts.ToValueList());
    }

    private static Finding Conflict(IngressContribution loser, string reason, string message) => new(loser.Ingress, Severity.Error, reason, message);

    private static string Winner((Route Route, IngressContribution By) winner, IngressContribution loser) =>
        winner.By.Ingress == loser.Ingress ? $"{winner.Route.Origin.Field} of the same Ingress" : Older(winner.By, loser);

    private static string Older(IngressContribution winner, IngressContribution loser) =>
        $"{winner.Ingress}, which is {(winner.Created < loser.Created ? "older" : "as old and comes first by name")}";

    private static string Shown(string host) => host == HostKey.AnyHost ? "every host" : $"host {host}";

    private static string Shown(PathMatch path) => $"{path.Type} path {KubernetesName.Show(path.Value)}";
}
