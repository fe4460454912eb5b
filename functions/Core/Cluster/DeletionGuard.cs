using System.Collections.Immutable;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>
/// Holds deletions that events bring when they would take away most of what a kind had in its last list, by the
/// <see cref="MassDeletionLimits"/> by which a list is rejected that lacks it. What is held is not journalled, so every instance and every
/// later start has the same state; a fresh list decides.
/// An object that came after the list may go again: only what the list had is counted, so that neither churn nor objects that are
/// made up first change the count. A kind that was never listed, or of which no list can be had, is not guarded.
/// </summary>
/// <param name="Limits">How much is most.</param>
public sealed record DeletionGuard(MassDeletionLimits Limits)
{
    // Objects that were not in the last list; objects of the last list that are gone; and how many were gone already at the start.
    private ImmutableHashSet<ResourceKey> Newcomers { get; init; } = [];

    private ImmutableHashSet<ResourceKey> Gone { get; init; } = [];

    private ImmutableDictionary<ResourceKind, int> GoneBefore { get; init; } = ImmutableDictionary<ResourceKind, int>.Empty;

    /// <summary>Deletions that were held since the last list of their kind.</summary>
    public ImmutableHashSet<ResourceKey> Held { get; init; } = [];

    /// <summary>Begins at a state that was loaded.</summary>
    public static DeletionGuard Of(ClusterState state, MassDeletionLimits limits)
    {
        var history = ClusterHistory.Of(state);
        return new DeletionGuard(limits)
        {
            GoneBefore = ResourceKinds.All.Select(entry => entry.Kind)
                .Select(kind => KeyValuePair.Create(kind, (history.CountOf(kind)?.Objects ?? 0) - state.Counts.GetValueOrDefault(kind)))
                .Where(pair => pair.Value > 0)
                .ToImmutableDictionary(),
        };
    }

    /// <summary>Whether anything of a kind was counted or held since its last list, which a further list makes good.</summary>
    public bool IsOpen(ResourceKind kind) => Lost(kind) > 0 || Held.Any(key => key.Kind == kind);

    /// <summary>Which changes may be journalled on a state, in their order; and the guard with those that are held.</summary>
    /// <param name="changes">Changes; those without <see cref="ResourceChange.Origin"/> are no event's.</param>
    /// <param name="state">The state that they would be applied to.</param>
    public (ImmutableArray<ResourceChange> Admitted, DeletionGuard Next) Admit(ImmutableArray<ResourceChange> changes, ClusterState state)
    {
        var history = ClusterHistory.Of(state);
        var held = changes.Where(IsCounted).Select(change => change.Key).Distinct().GroupBy(key => key.Kind)
            .Where(group => history.CountOf(group.Key) is { } last && Limits.AreReached(Lost(group.Key) + group.Count(), last.Objects))
            .SelectMany(group => group)
            .ToImmutableHashSet();
        return held.IsEmpty
            ? (changes, this)
            : ([.. changes.Where(change => !(held.Contains(change.Key) && IsCounted(change)))], this with { Held = Held.Union(held) });

        bool IsCounted(ResourceChange change) =>
            change is Deleted { Origin: not null }
            && state.Resources.ContainsKey(change.Key)
            && !Newcomers.Contains(change.Key)
            && state.Accepts(change);
    }

    /// <summary>The guard after changes were applied.</summary>
    /// <param name="changes">What was applied.</param>
    /// <param name="before">The state before it.</param>
    /// <param name="now">The state after it.</param>
    public DeletionGuard After(IEnumerable<ResourceChange> changes, ClusterState before, ClusterState now)
    {
        var (newcomers, gone) = (Newcomers, Gone);
        var isListed = false;
        var isGuarded = !ClusterHistory.Of(before).Counted.IsEmpty; // else nothing was listed yet
        foreach (var key in changes.Select(change => change.Key).Where(key => isGuarded || ResourceKinds.IsOwn(key.Kind)))
        {
            isListed |= key.Kind == ResourceKind.ClusterHistory;
            if (ResourceKinds.IsOwn(key.Kind))
                continue;
            switch (before.Resources.ContainsKey(key), now.Resources.ContainsKey(key))
            {
                case (true, false) when newcomers.Contains(key):
                    newcomers = newcomers.Remove(key);
                    break;
                case (true, false):
                    gone = gone.Add(key);
                    break;
                case (false, true) when gone.Contains(key):
                    gone = gone.Remove(key);
                    break;
                case (false, true):
                    newcomers = newcomers.Add(key);
                    break;
            }
        }

        var next = newcomers == Newcomers && gone == Gone ? this : this with { Newcomers = newcomers, Gone = gone };
        return isListed ? next.Listed(ClusterHistory.Of(before), ClusterHistory.Of(now)) : next;
    }

    /// <summary>Begins anew for every kind that was listed.</summary>
    private DeletionGuard Listed(ClusterHistory before, ClusterHistory now)
    {
        var kinds = ResourceKinds.All.Select(entry => entry.Kind)
            .Where(kind => before.CountOf(kind)?.Number != now.CountOf(kind)?.Number)
            .ToImmutableHashSet();
        return this with
        {
            Newcomers = Others(Newcomers),
            Gone = Others(Gone),
            Held = Others(Held),
            GoneBefore = GoneBefore.RemoveRange(kinds),
        };

        ImmutableHashSet<ResourceKey> Others(ImmutableHashSet<ResourceKey> keys) =>
            keys.Except(keys.Where(key => kinds.Contains(key.Kind)));
    }

    private int Lost(ResourceKind kind) => GoneBefore.GetValueOrDefault(kind) + Gone.Count(key => key.Kind == kind);
}
