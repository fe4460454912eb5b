using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;
using IngressReconciler.Proxies;

namespace IngressReconciler.Rounds;

/// <summary>
/// Looks before the very first push of a cluster at what its proxies have in use already: storage may be new, or the id, while the proxies
/// have served for long. A list that lacks most of it is as suspicious as one that lacks most of what is known.
/// </summary>
public static class FirstPush
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Which lists lack most of what a proxy has in use, by the kind that it follows from. A proxy that has just started, or cannot be
    /// read, has nothing in use.
    /// </summary>
    /// <param name="workers">The proxies.</param>
    /// <param name="configs">What would be pushed.</param>
    /// <param name="guard">How much is most.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<ImmutableArray<SuspectList>> JudgeAsync(
        IEnumerable<ProxyWorker> workers, ProxyConfigs configs, ListBrake guard, CancellationToken cancel)
    {
        var judged = await Task.WhenAll(workers.Select(worker => JudgeAsync(worker, configs[worker.Role], guard, cancel)));
        var worst = judged.SelectMany(one => one).GroupBy(one => one.Kind).Select(group => group.MaxBy(one => one.Missing)!);
        return [.. worst.OrderBy(one => one.Kind)];
    }

    private static async Task<SuspectList[]> JudgeAsync(ProxyWorker worker, ProxyConfig config, ListBrake guard, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            var scope = PlanScope.All(worker.Role);
            var reading = new HAProxyStateReading(scope, certificateStore: false);
            await using var session = await worker.Link.OpenBesideAsync(either.Token);
            var state = await session.ReadAsync(reading, either.Token);
            if (state.Notes.GetValueOrDefault(ProxyNotes.Ready) != "1")
                return [];
            var lost = Lost(worker.Role, state, HAProxyPlanner.Plan(config, 1, state, scope));
            return [.. lost.Where(one => guard.Holds(one.Missing, one.Known)).Take(1)];
        }
        catch (Exception e) when (e is ProxyUnavailableException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return [];
        }
    }

    /// <summary>Routes first: servers and certificates go with them.</summary>
    private static IEnumerable<SuspectList> Lost(ProxyRole role, ProxyState state, PushPlan plan)
    {
        var (ofRoutes, ofServers) = role == ProxyRole.Edge
            ? (ResourceKind.Service, ResourceKind.Node)
            : (ResourceKind.Ingress, ResourceKind.EndpointSlice);
        var routes = plan.Switch.OfType<ReplaceRoutes>().FirstOrDefault() is { } all
            ? state.Routes.Keys.Except(all.Routes.Select(route => route.Key)).Count()
            : plan.Switch.OfType<DeleteRoute>().Count();
        yield return Count(ofRoutes, routes, state.Routes.Count);
        yield return Count(
            ofServers,
            plan.Retire.OfType<SetServerState>().Count(),
            state.Backends.Values.Sum(backend => backend.Servers.Values.Count(server => server.State == ServerState.Ready)));
        yield return Count(ResourceKind.Secret, plan.Retire.OfType<UnbindCertificate>().Count(), state.Certificates.Count);
    }

    private static SuspectList Count(ResourceKind kind, int lost, int inUse) => new(kind, lost, inUse) { Reason = Suspicion.Serves };
}
