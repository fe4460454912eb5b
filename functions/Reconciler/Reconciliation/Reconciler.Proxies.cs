using System.Net;
using IngressReconciler.Proxies;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <content>The proxies: they come, go and are pushed to.</content>
public sealed partial class Reconciler
{
    /// <summary>For each proxy by itself: ReadState ─► Plan ─► Push ─► Verify. None waits for another.</summary>
    private void StartPushes(HeldLease held)
    {
        if (IsUnknown)
            return;
        foreach (var worker in proxies.Workers.Where(worker => worker.WantsPush))
            worker.Start(held.Lost, held.Demand);
    }

    /// <summary>The edge's machines as they were last listed ─► edge proxies.</summary>
    private void TakeEdge()
    {
        if (!machines.TryTake(out var now))
            return;
        foreach (var name in proxies.Take(now))
            reports.Remove(name);
        var (next, difference) = wanted.Beside(EdgeAddresses);
        var changed = Compile(next, difference);
        foreach (var worker in proxies.Workers)
            worker.Want(configs[worker.Role], Version, Position, changed(worker.Role));
    }

    /// <summary>Where edge proxies are, as far as that is said by addresses: no endpoint may be there.</summary>
    private IEnumerable<IPAddress> EdgeAddresses => proxies.Workers.Where(worker => worker.Role == ProxyRole.Edge)
        .SelectMany(worker => IPAddress.TryParse(worker.Address.Host, out var address) ? new[] { address } : []);

    /// <summary>What the API server has said of Pods ─► ingress proxies; what the journal has otherwise is put right.</summary>
    private void TakeConfirmed()
    {
        if (proxies.TakeConfirmed(wanted.Cluster) is not { } taken)
            return;
        foreach (var name in taken.Gone)
            reports.Remove(name);
        foreach (var worker in proxies.Workers)
            worker.Want(configs[worker.Role], Version, Position);
        disputes.Add(taken.Disputes);
        if (!taken.Disputes.IsEmpty)
            _ = queue.Add([.. taken.Disputes.Select(one => one.Correction)]);
    }
}
