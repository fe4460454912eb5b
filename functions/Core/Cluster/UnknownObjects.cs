using System.Collections.Immutable;
using System.Globalization;

namespace IngressReconciler.Cluster;

/// <summary>
/// What another release wrote to the journal and this one does not read: the newest change of each object, for the next snapshot, so that
/// the other release finds all of it there when it runs again. Nothing is routed by it. Immutable; a change costs what it has.
/// </summary>
/// <remarks>
/// Fields that this release does not read of an object that it does read are not among it: the next list brings them back. The objects of
/// the journal's own, which no list has, keep theirs themselves.
/// </remarks>
public sealed record UnknownObjects
{
    private const int MostKinds = 10;

    private ImmutableDictionary<UnknownKey, (UnknownChange Change, DateTimeOffset At)> Changes { get; init; } =
        ImmutableDictionary<UnknownKey, (UnknownChange, DateTimeOffset)>.Empty;

    /// <summary>None.</summary>
    public static UnknownObjects None { get; } = new();

    /// <summary>Changes and lines in a form that does not even name an object. They are not kept.</summary>
    public int Skipped { get; private init; }

    /// <summary>The newest format that was met.</summary>
    public int Format { get; private init; }

    /// <summary>The objects that are kept, without deletions.</summary>
    public IEnumerable<UnknownChange> Objects => Changes.Values.Select(one => one.Change).Where(change => !change.IsDeletion);

    /// <summary>These after a line of the journal, or of a snapshot.</summary>
    public UnknownObjects After(JournalBatch batch)
    {
        var changes = Changes;
        foreach (var change in batch.Unknown)
        {
            if (!changes.TryGetValue(change.Key, out var known) || change.IsAfter(known.Change))
                changes = changes.SetItem(change.Key, (change, batch.At));
        }

        // An object in a form that is not read may take one later that is.
        foreach (var change in changes.IsEmpty ? [] : batch.Changes)
        {
            var key = new UnknownKey($"{change.Key.Kind}", change.Key.Namespace, change.Key.Name);
            if (changes.TryGetValue(key, out var known)
                && new UnknownChange(key, change.ResourceVersion, default) { Replaces = change.Replaces }.IsAfter(known.Change))
                changes = changes.Remove(key);
        }

        return changes == Changes && batch.Skipped == 0 && batch.Format <= Format
            ? this
            : new() { Changes = changes, Skipped = Skipped + batch.Skipped, Format = Math.Max(Format, batch.Format) };
    }

    /// <summary>All of it for a snapshot, each change in a line of the format that it came in.</summary>
    /// <param name="now">Now: deletions that have outlived their use are left out.</param>
    /// <param name="most">How many changes a line has at most.</param>
    public IEnumerable<JournalBatch> Batches(DateTimeOffset now, int most) => Changes.Values
        .Where(one => !one.Change.IsDeletion || now - one.At <= ClusterState.TombstoneLifetime)
        .GroupBy(one => (one.Change.Format, At: one.Change.IsDeletion ? one.At : now))
        .SelectMany(group => group.Chunk(most).Select(some => new JournalBatch("", group.Key.At, [])
        {
            Format = group.Key.Format,
            Unknown = [.. some.Select(one => one.Change)],
        }));

    /// <summary>What of it people should know, in one sentence; null for nothing.</summary>
    public string? Sentence
    {
        get
        {
            var isLater = Format > JournalBatch.Newest;
            var said = new List<string>();
            if (Kinds() is { Length: > 0 } kinds)
                said.Add($"{kinds} have no effect here, and are kept for it");
            if (Skipped > 0)
                said.Add(string.Create(CultureInfo.InvariantCulture, $"{Skipped} entries of an unknown form were skipped"));
            if (isLater)
                said.Add("fields that it has added to other objects are not read");
            return said.Count == 0 ? null : string.Create(
                CultureInfo.InvariantCulture,
                $"{(isLater ? "a later" : "another")} release wrote to the journal (format {Format}, here it is {JournalBatch.Newest}): ")
                + string.Join("; ", said);
        }
    }

    private string Kinds()
    {
        var kinds = Objects.CountBy(one => one.Key.Kind).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        var named = string.Join(", ", kinds.Take(MostKinds).Select(pair => string.Create(
            CultureInfo.InvariantCulture, $"{pair.Value} objects of kind {KubernetesName.Show(pair.Key)}")));
        return kinds.Length <= MostKinds
            ? named
            : string.Create(CultureInfo.InvariantCulture, $"{named} and those of {kinds.Length - MostKinds} more");
    }
}
