using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>A plan → how much of what the proxy has in use it would take out of use.</summary>
public static class PlanLosses
{
    /// <summary>The losses, by the kind of object that each follows from. Routes first: servers and certificates go with them.</summary>
    /// <param name="role">What the proxy is for.</param>
    /// <param name="state">What it runs.</param>
    /// <param name="plan">What would be done.</param>
    public static IEnumerable<ProxyLoss> Of(ProxyRole role, ProxyState state, PushPlan plan)
    {
        var (ofRoutes, ofServers) = role == ProxyRole.Edge
            ? (ResourceKind.Service, ResourceKind.Node)
            : (ResourceKind.Ingress, ResourceKind.EndpointSlice);
        var routes = plan.Switch.OfType<ReplaceRoutes>().FirstOrDefault() is { } all
            ? state.Routes.Keys.Except(all.Routes.Select(route => route.Key)).Count()
            : plan.Switch.OfType<DeleteRoute>().Count();
        yield return new(ofRoutes, routes, state.Routes.Count);
        yield return new(
            ofServers,
            plan.Retire.OfType<SetServerState>().Count(),
            state.Backends.Values.Sum(backend => backend.Servers.Values.Count(server => server.State == ServerState.Ready)));
        yield return new(ResourceKind.Secret, plan.Retire.OfType<UnbindCertificate>().Count(), state.Certificates.Count);
    }
}
