using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Planning;

namespace IngressReconciler.Rounds;

/// <summary>
/// Endpoints that go to the proxies while their change is appended to the journal. They are facts of the cluster, each guarded by its
/// object's version: whatever comes of the append, a proxy had only what was true. Nothing else goes ahead, and no deletion does, which
/// may be held.
/// </summary>
public sealed class PushAhead
{
    // What was given ahead of the journal, and of which batch it is.
    private readonly Dictionary<(ProxyRole Role, string Backend), (BackendConfig? Given, JournalBatch Batch)> given = [];

    /// <summary>Takes what of a batch goes ahead.</summary>
    /// <param name="batch">A batch that is about to be appended.</param>
    /// <param name="wanted">What follows from the journal so far.</param>
    /// <param name="configs">What was compiled of it.</param>
    /// <returns>What the proxies should run with it, and what of that differs; null when nothing goes ahead.</returns>
    public (ProxyConfigs Configs, Func<ProxyRole, ConfigDifference> Changed)? Begin(JournalBatch batch, Wanted wanted, ProxyConfigs configs)
    {
        if (!batch.Changes.All(change => change is Applied { Resource: EndpointSlice }))
            return null;
        var (next, difference) = wanted.After(batch.Changes, batch.At);
        if (difference is not { Upstreams.IsEmpty: false, Hosts.IsEmpty: true, Certificates.IsEmpty: true, Settings: null })
            return null;
        var (compiled, changed) = configs.After(next, difference);
        foreach (var role in Enum.GetValues<ProxyRole>())
        {
            foreach (var (backend, _) in changed(role).Backends)
                given[(role, backend)] = (compiled[role].Backends.GetValueOrDefault(backend), batch);
        }

        return (compiled, changed);
    }

    /// <summary>Follows the journal.</summary>
    /// <param name="batch">What it has next.</param>
    /// <param name="changed">What differs because of it.</param>
    /// <returns>
    /// What of that the proxies were not given yet: nothing when it is the very batch that went ahead. Where another's came first, what went
    /// ahead of it is looked at as well: the other may say something newer of the same. So it is where a batch of ours is read back whose
    /// append was taken for failed: what the proxies were given since may be without it.
    /// </returns>
    public Func<ProxyRole, ConfigDifference> Follow(JournalBatch batch, Func<ProxyRole, ConfigDifference> changed)
    {
        if (given.Count == 0)
            return changed;
        var own = given.Where(one => ReferenceEquals(one.Value.Batch, batch)).Select(one => one.Key).ToArray();
        foreach (var key in own)
            given.Remove(key);
        if (own.Length > 0)
            return _ => ConfigDifference.None;
        var doubtful = given.ToLookup(one => one.Key.Role, one => new BackendDifference(one.Key.Backend, one.Value.Given));
        given.Clear();
        return role => changed(role) with { Backends = [.. doubtful[role], .. changed(role).Backends] };
    }
}
