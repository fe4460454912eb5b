using System.Collections.Immutable;
using System.Diagnostics;
using IngressReconciler.Cluster;

namespace IngressReconciler.Rounds;

/// <summary>All requests of one round.</summary>
/// <param name="Requests">The requests.</param>
public sealed record RequestBatch(ImmutableArray<Request> Requests)
{
    /// <summary>Changes in one journal line: well below its 4 MiB with objects of common size.</summary>
    private const int MostChanges = 500;

    private const int MostBytes = 3 << 20;

    /// <summary>How many changes were taken into the journal.</summary>
    public int ChangeCount { get; set; }

    /// <summary>What brought the round about, in short.</summary>
    public string Cause { get; private set; } = "looked at everything";

    /// <summary>The changes that say something new, as journal lines.</summary>
    /// <param name="state">The state as it is when the first line is made; later ones are checked against it as well, which is enough: the journal may repeat itself.</param>
    /// <param name="now">Now.</param>
    public IEnumerable<JournalBatch> Batches(ClusterState state, DateTimeOffset now)
    {
        var changes = Requests.SelectMany(request => request.Changes).Where(state.Accepts).ToImmutableArray();
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

    private static IEnumerable<JournalBatch> Fitting(ImmutableArray<ResourceChange> changes, DateTimeOffset now)
    {
        var batch = new JournalBatch(Guid.NewGuid().ToString("N"), now, changes);
        if (changes.Length == 1 || batch.ToBytes().Length <= MostBytes)
            return [batch];
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
