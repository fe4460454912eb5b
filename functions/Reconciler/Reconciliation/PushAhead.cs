using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Endpoints that go to the proxies while their change is appended to the journal. They are facts of the cluster, each guarded by its
/// object's version: whatever comes of the append, a proxy had only what was true. Nothing else goes ahead, and no deletion does, which
/// may be held.
/// </summary>
public sealed class PushAhead
{
    // What was given ahead of the journal: of which batch it is, and what differs for a role when it is taken back. Newest first.
    private ImmutableList<(JournalBatch Batch, Func<ProxyRole, ConfigDifference> Undo)> given = [];

    /// <summary>Takes what of a batch goes ahead.</summary>
    /// <param name="batch">A batch that is about to be appended.</param>
    /// <param name="wanted">What follows from the journal so far.</param>
    /// <param name="configs">What was compiled of it.</param>
    /// <returns>What the proxies should run with it, and what of that differs; null when nothing goes ahead.</returns>
    public (ProxyConfigs Configs, Func<ProxyRole, ConfigDifference> Changed)? Begin(
        JournalBatch batch, DesiredState wanted, ProxyConfigs configs)
    {
        if (!batch.Changes.All(change => change is Applied { Resource: EndpointSlice }))
            return null;
        var (next, difference) = wanted.After(batch.Changes, batch.At);
        if (difference is not { Upstreams.IsEmpty: false, Hosts.IsEmpty: true, Certificates.IsEmpty: true, Settings: null })
            return null;
        var (compiled, changed) = configs.After(next, difference);
        given = given.Insert(0, (batch, role => compiled[role].Undo(changed(role))));
        return (compiled, changed);
    }

    /// <summary>Follows the journal.</summary>
    /// <param name="batch">What it has next.</param>
    /// <param name="changed">What differs because of it.</param>
    /// <returns>
    /// What of that the proxies were not given yet: nothing when it is the very batch that went ahead. Where another's came first, what
    /// went ahead of it is looked at as well: the other may say something newer of the same. So it is where a batch of ours is read back
    /// whose append was taken for failed: what the proxies were given since may be without it.
    /// </returns>
    public Func<ProxyRole, ImmutableArray<ConfigDifference>> Follow(JournalBatch batch, Func<ProxyRole, ConfigDifference> changed)
    {
        var own = given.RemoveAll(one => ReferenceEquals(one.Batch, batch));
        if (own.Count < given.Count)
        {
            given = own;
            return _ => [];
        }

        var doubtful = given;
        given = [];
        return role => [.. doubtful.Select(one => one.Undo(role)), changed(role)];
    }
}
