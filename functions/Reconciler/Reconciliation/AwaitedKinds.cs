using IngressReconciler.Cluster;
using IngressReconciler.Reports;

namespace IngressReconciler.Reconciliation;

/// <summary>What is said of kinds that must be listed before proxies are pushed to.</summary>
public static class AwaitedKinds
{
    private const string Rights = "infra/kubernetes/base/control-plane-rights.yaml";

    /// <summary>One for each kind: what is wrong and what to do.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="awaited">The kinds.</param>
    /// <param name="resync">The last resync; null for none.</param>
    public static IEnumerable<(string Error, string Remedy)> Of(string cluster, IEnumerable<ResourceKind> awaited, ResyncReport? resync)
    {
        foreach (var kind in awaited)
        {
            if (resync?.Suspects.FirstOrDefault(one => one.Kind == kind) is { } suspect)
            {
                var rejected = $"the list of {kind} is rejected: it {Rejection.Of(suspect)}";
                yield return ($"proxies are left as they are: {rejected}", Rejection.Remedy(cluster, suspect));
            }
            else
            {
                var failure = resync?.Failures.FirstOrDefault(one => one.StartsWith($"{kind}: ", StringComparison.Ordinal));
                var why = failure?[$"{kind}: ".Length..] ?? resync?.Failures.FirstOrDefault();
                yield return ($"proxies are left as they are: {kind} was never listed{(why is null ? "" : $" ({why})")}", Remedy(kind));
            }
        }
    }

    private static string Remedy(ResourceKind kind)
    {
        var plural = ResourceKinds.Of(kind).Plural;
        return kind switch
        {
            ResourceKind.Secret =>
                "let the function list secrets in the namespaces of setting ReadSecrets (infra/kubernetes/namespaces; rights/secrets-everywhere for all), "
                + "or set it to those where it may, or to false",
            ResourceKind.Node => "let the function list nodes (infra/kubernetes/rights/nodes), or set ReadNodes=false",
            ResourceKind.ConfigMap =>
                "let the function list configmaps in the namespace of setting ConfigMap (infra/kubernetes/rights/configmap), "
                + "or leave that setting out",
            ResourceKind.Pod => $"let the function list pods in the proxies' namespace ({Rights}), or name the proxies in setting Proxies",
            _ => $"let the function reach the API server, and list {plural} ({Rights})",
        };
    }
}
