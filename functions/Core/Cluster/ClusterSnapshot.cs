namespace IngressReconciler.Cluster;

/// <summary>A whole cluster state as journal lines: what a cold start reads instead of the journal from its beginning.</summary>
public static class ClusterSnapshot
{
    /// <summary>The id of the last line, which has no changes: where it is missing, a part of the snapshot is.</summary>
    public const string EndId = "end";

    private const int BatchSize = 500;

    /// <summary>The lines, each with its line feed, and one that says that these are all. Of one state always the same.</summary>
    /// <param name="state">The state.</param>
    /// <param name="now">Now: tombstones that have outlived their use are left out.</param>
    /// <param name="unknown">What is kept of other releases' beside it.</param>
    public static IEnumerable<byte[]> Lines(ClusterState state, DateTimeOffset now, UnknownObjects? unknown = null)
    {
        foreach (var batch in (unknown ?? UnknownObjects.None).Batches(now, BatchSize))
            yield return batch.ToBytes();
        foreach (var batch in state.Resources.OrderBy(pair => pair.Key, ResourceKey.Order).Chunk(BatchSize))
            yield return new JournalBatch("", now, [.. batch.Select(pair => new Applied(pair.Value))]).ToBytes();
        var tombstones = state.WithoutTombstonesBefore(now).Tombstones;
        foreach (var batch in tombstones.OrderBy(pair => pair.Key, ResourceKey.Order).GroupBy(pair => pair.Value.At))
            yield return new JournalBatch("", batch.Key, [.. batch.Select(pair => new Deleted(pair.Key, pair.Value.ResourceVersion))]).ToBytes();
        yield return new JournalBatch(EndId, now, []).ToBytes();
    }

    /// <summary>The state after some batches.</summary>
    public static ClusterState Apply(this ClusterState state, IEnumerable<JournalBatch> batches)
    {
        foreach (var batch in batches)
            state = state.Apply(batch.Changes, batch.At).State;
        return state;
    }
}
