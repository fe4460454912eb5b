using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Keeps deletions out of the journal that a <see cref="DeletionGuard"/> holds, says so, and has the cluster listed at once. Only the
/// reconciler's loop changes it.
/// </summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="limits">How much is most.</param>
/// <param name="list">Has the cluster listed.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class HeldDeletions(string cluster, MassDeletionLimits limits, Action list, ILogger log)
{
    private const int Named = 3;

    private DeletionGuard guard = new(limits);

    /// <summary>What is held, kind by kind, in sentences.</summary>
    public IEnumerable<string> Sentences =>
        Volatile.Read(ref guard).Held.GroupBy(key => key.Kind).OrderBy(group => group.Key).Select(group => Sentence(group.Key, [.. group]));

    /// <summary>Begins at a state that was loaded.</summary>
    public void Load(ClusterState state) => Volatile.Write(ref guard, DeletionGuard.Of(state, limits));

    /// <summary>Whether a list of a kind has something to make good.</summary>
    public bool IsOpen(ResourceKind kind) => Volatile.Read(ref guard).IsOpen(kind);

    /// <summary>What of a batch may be journalled on a state; null for nothing.</summary>
    public JournalBatch? Admit(JournalBatch batch, ClusterState state)
    {
        var (admitted, next) = guard.Admit(batch.Changes, state);
        if (next == guard)
            return admitted.IsEmpty ? null : batch with { Changes = admitted };
        var news = next.Held.Except(guard.Held).GroupBy(key => key.Kind).ToArray();
        Volatile.Write(ref guard, next);
        foreach (var kind in news)
        {
            LogHeld(Sentence(kind.Key, [.. kind]));
            ReconcilerMetrics.HeldDeletions(kind.Count(), kind.Key, cluster);
        }

        if (news.Length > 0)
            list();
        return admitted.IsEmpty ? null : batch with { Changes = admitted };
    }

    /// <summary>Follows what was journalled.</summary>
    public void Follow(IEnumerable<ResourceChange> changes, ClusterState before, ClusterState now) =>
        Volatile.Write(ref guard, guard.After(changes, before, now));

    private static string Sentence(ResourceKind kind, ResourceKey[] keys)
    {
        var names = string.Join(", ", keys.Order(ResourceKey.Order).Take(Named));
        var more = keys.Length > Named ? string.Create(CultureInfo.InvariantCulture, $" and {keys.Length - Named} more") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{keys.Length} deletions of {kind} that events brought are held")
            + $", because with them most of what was last listed would be gone: {names}{more}. A fresh list decides";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sentence}")]
    private partial void LogHeld(string sentence);
}
