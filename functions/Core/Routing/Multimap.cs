using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>Dictionaries of sets in which an empty set is no entry.</summary>
internal static class Multimap
{
    public static void Add<TKey, TValue>(this ImmutableDictionary<TKey, ImmutableHashSet<TValue>>.Builder map, TKey key, TValue value)
        where TKey : notnull => map[key] = (map.GetValueOrDefault(key) ?? []).Add(value);

    public static void Remove<TKey, TValue>(this ImmutableDictionary<TKey, ImmutableHashSet<TValue>>.Builder map, TKey key, TValue value)
        where TKey : notnull
    {
        if (!map.TryGetValue(key, out var set))
            return;
        set = set.Remove(value);
        if (set.IsEmpty)
            map.Remove(key);
        else
            map[key] = set;
    }
}
