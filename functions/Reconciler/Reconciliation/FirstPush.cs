using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

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
        IEnumerable<ProxyWorker> workers, ProxyConfigs configs, MassDeletionLimits guard, CancellationToken cancel)
    {
        var judged = await Task.WhenAll(workers.Select(worker => JudgeAsync(worker, configs[worker.Role], guard, cancel)));
        var worst = judged.SelectMany(one => one).GroupBy(one => one.Kind).Select(group => group.MaxBy(one => one.Missing)!);
        return [.. worst.OrderBy(one => one.Kind)];
    }

    private static async Task<SuspectList[]> JudgeAsync(
        ProxyWorker worker, ProxyConfig config, MassDeletionLimits guard, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            var diff = await worker.Proxy.DiffAsync(config, version: 1, either.Token);
            var lost = diff.IsReady ? diff.Losses : [];
            return
            [
                .. lost.Where(one => guard.AreReached(one.Lost, one.InUse)).Take(1)
                    .Select(one => new SuspectList(one.Kind, one.Lost, one.InUse) { Reason = Suspicion.Serves }),
            ];
        }
        catch (Exception e) when (e is ProxyUnavailableException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return [];
        }
    }
}
