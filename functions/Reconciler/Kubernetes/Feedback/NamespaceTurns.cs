namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>
/// Whose turn it is when more is to be written than can be at once: the namespaces take turns, and one that has waited longest is first.
/// So a namespace with ten thousand things to say holds up another with one by a single turn.
/// </summary>
internal sealed class NamespaceTurns
{
    // By namespace: when it had its last turn. Only those that wait are remembered, so that none of the past stays.
    private Dictionary<string, long> served = new(StringComparer.Ordinal);
    private long turn;

    /// <summary>
    /// The items in turns, each namespace's own in the order that they have. A namespace has had its turn once one of its items is taken.
    /// </summary>
    /// <param name="items">All that wait.</param>
    /// <param name="namespaceOf">The namespace of one; empty for what is in none, which counts as a namespace of its own.</param>
    public IEnumerable<T> Order<T>(IEnumerable<T> items, Func<T, string> namespaceOf)
    {
        var waiting = items.GroupBy(namespaceOf, StringComparer.Ordinal)
            .ToDictionary(one => one.Key, one => new Queue<T>(one), StringComparer.Ordinal);
        served = served.Where(pair => waiting.ContainsKey(pair.Key)).ToDictionary(StringComparer.Ordinal);
        var queue = new PriorityQueue<string, (long Served, string Namespace)>(
            waiting.Keys.Select(ns => (ns, (served.GetValueOrDefault(ns), ns))), ByTurn);
        while (queue.TryDequeue(out var ns, out _))
        {
            served[ns] = ++turn;
            yield return waiting[ns].Dequeue();
            if (waiting[ns].Count > 0)
                queue.Enqueue(ns, (served[ns], ns));
        }
    }

    private static IComparer<(long Served, string Namespace)> ByTurn { get; } =
        Comparer<(long Served, string Namespace)>.Create((one, other) => one.Served != other.Served
            ? one.Served.CompareTo(other.Served)
            : string.CompareOrdinal(one.Namespace, other.Namespace));
}
