using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>
/// A dictionary of sets that is being changed; an empty set is no entry. Each set that changes is copied once, however often it does.
/// </summary>
/// <param name="before">The dictionary before.</param>
internal sealed class MultimapBuilder<TKey, TValue>(ImmutableDictionary<TKey, ImmutableHashSet<TValue>> before)
    where TKey : notnull
{
    private readonly Dictionary<TKey, ImmutableHashSet<TValue>.Builder> changed = [];

    /// <summary>What is there under a key, now.</summary>
    public IReadOnlyCollection<TValue> this[TKey key] =>
        changed.TryGetValue(key, out var set) ? set : before.GetValueOrDefault(key) ?? [];

    /// <summary>Adds a value, if it is not there.</summary>
    public void Add(TKey key, TValue value) => SetOf(key).Add(value);

    /// <summary>Removes a value, if it is there.</summary>
    public void Remove(TKey key, TValue value) => SetOf(key).Remove(value);

    /// <summary>Puts a value from where it was to where it is now, at the cost of what differs.</summary>
    public void Move(IReadOnlyCollection<TKey> was, IReadOnlyCollection<TKey> now, TValue value)
    {
        foreach (var key in now.Count == 0 ? was : was.Except(now))
            Remove(key, value);
        foreach (var key in was.Count == 0 ? now : now.Except(was))
            Add(key, value);
    }

    /// <summary>The dictionary as it is now.</summary>
    public ImmutableDictionary<TKey, ImmutableHashSet<TValue>> ToImmutable()
    {
        if (changed.Count == 0)
            return before;
        var after = before.ToBuilder();
        foreach (var (key, set) in changed)
        {
            if (set.Count == 0)
                after.Remove(key);
            else
                after[key] = set.ToImmutable();
        }

        return after.ToImmutable();
    }

    private ImmutableHashSet<TValue>.Builder SetOf(TKey key) =>
        changed.TryGetValue(key, out var set) ? set : changed[key] = (before.GetValueOrDefault(key) ?? []).ToBuilder();
}
