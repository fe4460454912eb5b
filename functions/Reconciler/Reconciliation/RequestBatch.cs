using System.Collections.Immutable;
using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <summary>All requests of one round.</summary>
/// <param name="Requests">The requests.</param>
public sealed record RequestBatch(ImmutableArray<Request> Requests)
{
    /// <summary>Changes in one journal line: well below its 4 MiB with objects of common size.</summary>
    private const int MostChanges = 500;

    private const int MostBytes = 3 << 20;

    private readonly List<(ResourceKey Key, int Bytes)> tooLarge = [];

    /// <summary>How many changes were taken into the journal.</summary>
    public int ChangeCount { get; set; }

    /// <summary>What brought the round about, in short.</summary>
    public string Cause { get; private set; } = "looked at everything";

    /// <summary>Changes that no journal line can hold, each with the bytes that it takes. They are in no batch.</summary>
    public IReadOnlyList<(ResourceKey Key, int Bytes)> TooLarge => tooLarge;

    /// <summary>
    /// The changes that say something new, as journal lines; what fits into none is in <see cref="TooLarge"/> once all are read.
    /// </summary>
    /// <param name="state">The state as it is when the first line is made; later ones are checked against it as well, which is enough: the journal may repeat itself.</param>
    /// <param name="now">Now.</param>
    public IEnumerable<JournalBatch> Batches(ClusterState state, DateTimeOffset now)
    {
        var changes = Requests.SelectMany(request => request.Changes).Select(ReadFields.Only).Where(state.Accepts).ToImmutableArray();
        if (changes.Length > 0)
            Cause = Describe(changes);
        foreach (var chunk in changes.Chunk(MostChanges))
        {
            foreach (var batch in Fitting([.. chunk], now))
                yield return batch;
        }
    }

    /// <summary>The traces of the events that told of the changes.</summary>
    public IEnumerable<ActivityContext> Traces => Requests.SelectMany(request => request.Changes).Select(change => change.Origin?.Trace ?? default);

    /// <summary>Everybody is served.</summary>
    public void Done()
    {
        foreach (var request in Requests)
            request.Done.TrySetResult();
    }

    /// <summary>Nobody is served, and all are told why.</summary>
    public void Fail(Exception why)
    {
        foreach (var request in Requests)
        {
            // Nobody may be there to hear it.
            if (request.Done.TrySetException(why))
                _ = request.Done.Task.Exception;
        }
    }

    private IEnumerable<JournalBatch> Fitting(ImmutableArray<ResourceChange> changes, DateTimeOffset now)
    {
        var batch = new JournalBatch(Guid.NewGuid().ToString("N"), now, changes);
        var bytes = batch.ToBytes().Length;
        if (bytes <= (changes.Length == 1 ? Journal.LongestLine : MostBytes))
            return [batch];
        if (changes.Length == 1)
        {
            // It can be appended as little the next time: it is its object's trouble, not the journal's.
            tooLarge.Add((changes[0].Key, bytes));
            return [];
        }

        var half = changes.Length / 2;
        return Fitting(changes[..half], now).Concat(Fitting(changes[half..], now));
    }

    /// <summary>What people changed, before what merely happened.</summary>
    private static string Describe(ImmutableArray<ResourceChange> changes)
    {
        var named = changes.OrderBy(change => change.Key.Kind is ResourceKind.EndpointSlice or ResourceKind.Pod or ResourceKind.Node).Take(3)
            .Select(change => $"{change.Key} {(change is Applied ? "applied" : "deleted")}");
        return string.Join(", ", named) + (changes.Length > 3 ? $" and {changes.Length - 3} more" : "");
    }
}
