using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>
/// All objects that we know of one cluster, at one journal position. Immutable; a change makes a new one that shares all that did not change,
/// so its cost follows the change. Guarded by resource versions: an older or repeated change alters nothing, and a deletion leaves a tombstone
/// that keeps a late event from bringing the object back. What a fresh list proved wrong is replaced whatever the versions say: see
/// <see cref="ResourceChange.Replaces"/>.
/// </summary>
public sealed class ClusterState
{
    /// <summary>
    /// How long a tombstone is kept: as long as Event Grid may still deliver an event that is older than the deletion (its longest retry is 24 hours).
    /// </summary>
    public static readonly TimeSpan TombstoneLifetime = TimeSpan.FromHours(25);

    private readonly ImmutableDictionary<ResourceKey, ImmutableSortedDictionary<string, EndpointSlice>> slices;

    private ClusterState(
        ImmutableDictionary<ResourceKey, Resource> resources,
        ImmutableDictionary<ResourceKey, Tombstone> tombstones,
        ImmutableDictionary<ResourceKey, ImmutableSortedDictionary<string, EndpointSlice>> slices,
        ImmutableDictionary<ResourceKind, int> counts)
    {
        Resources = resources;
        Tombstones = tombstones;
        this.slices = slices;
        Counts = counts;
    }

    /// <summary>Knows nothing.</summary>
    public static ClusterState Empty { get; } = new(
        ImmutableDictionary<ResourceKey, Resource>.Empty,
        ImmutableDictionary<ResourceKey, Tombstone>.Empty,
        ImmutableDictionary<ResourceKey, ImmutableSortedDictionary<string, EndpointSlice>>.Empty,
        ImmutableDictionary<ResourceKind, int>.Empty);

    /// <summary>Every object by its key.</summary>
    public ImmutableDictionary<ResourceKey, Resource> Resources { get; }

    /// <summary>Deletions that a late event must not undo.</summary>
    public ImmutableDictionary<ResourceKey, Tombstone> Tombstones { get; }

    /// <summary>How many objects there are of each kind.</summary>
    public ImmutableDictionary<ResourceKind, int> Counts { get; }

    /// <summary>The object of that key, or null.</summary>
    public T? Find<T>(ResourceKey key)
        where T : Resource => Resources.GetValueOrDefault(key) as T;

    /// <summary>The version that is known of an object, or of its deletion; null when nothing is.</summary>
    public string? VersionOf(ResourceKey key) =>
        VersionOf(Resources.GetValueOrDefault(key), Tombstones.TryGetValue(key, out var tombstone) ? tombstone : null);

    /// <summary>The slices of a Service, in the order of their names.</summary>
    public IEnumerable<EndpointSlice> SlicesOf(ResourceKey service) =>
        slices.TryGetValue(service, out var found) ? found.Values : [];

    /// <summary>
    /// Whether a change says anything that this state does not know. An equal version is accepted only when it says something else:
    /// that is a reader which has learnt to read more of the object than it did when the journal was written. Of our own objects never: whoever
    /// writes one names the version after the one it has seen, and of two the journal's first wins.
    /// </summary>
    public bool Accepts(ResourceChange change) => Accepts(change, Resources.GetValueOrDefault(change.Key), Tombstones.TryGetValue(change.Key, out var tombstone) ? tombstone : null);

    /// <summary>
    /// Whether a listed object says anything that this state does not know. A newer version with the same content does not: whoever
    /// sends events need not tell of what nobody reads.
    /// </summary>
    /// <param name="listed">The object.</param>
    /// <param name="version">The list's version.</param>
    public bool IsMissing(Resource listed, string version)
    {
        if (!Accepts(new Applied(listed, version)))
            return false;
        return !Resources.TryGetValue(listed.Key, out var known)
            || !SaysTheSame(known, listed with { Metadata = listed.Metadata with { ResourceVersion = known.Metadata.ResourceVersion } });
    }

    /// <summary>This state after a batch of changes, and what really changed.</summary>
    /// <param name="changes">In journal order.</param>
    /// <param name="at">When the journal took them.</param>
    public (ClusterState State, ImmutableArray<ResourceDifference> Differences) Apply(IEnumerable<ResourceChange> changes, DateTimeOffset at)
    {
        var next = new Builder(this, at);
        foreach (var change in changes)
            next.Apply(change);
        return next.Build();
    }

    /// <summary>This state without the tombstones that have outlived every event they could guard against.</summary>
    public ClusterState WithoutTombstonesBefore(DateTimeOffset now)
    {
        var kept = Tombstones.RemoveRange(Tombstones.Where(pair => now - pair.Value.At > TombstoneLifetime).Select(pair => pair.Key));
        return new(Resources, kept, slices, Counts);
    }

    private static string? VersionOf(Resource? known, Tombstone? tombstone) =>
        known?.Metadata.ResourceVersion ?? tombstone?.ResourceVersion;

    private static bool Accepts(ResourceChange change, Resource? known, Tombstone? tombstone)
    {
        if (change.Replaces is { } replaced && replaced == VersionOf(known, tombstone))
            return true;
        if (tombstone is { } deletion && !IsAfter(change, deletion))
            return false;
        if (known is null)
            return true;
        return ResourceVersion.Compare(change.ResourceVersion, known.Metadata.ResourceVersion) switch
        {
            > 0 => true,
            < 0 => false,
            _ => change is Deleted || (!ResourceKinds.IsOwn(known.Kind) && !SaysTheSame(known, ((Applied)change).Resource)),
        };
    }

    /// <summary>Whether an object is there though it was said to be gone: its change is newer, or a list that is not older has it.</summary>
    private static bool IsAfter(ResourceChange change, Tombstone deletion) =>
        ResourceVersion.Compare(change.ResourceVersion, deletion.ResourceVersion) > 0
        || (change is Applied { SeenAt: { } list } && ResourceVersion.Compare(list, deletion.ResourceVersion) >= 0);

    private static bool SaysTheSame(Resource one, Resource other)
    {
        var json = ResourceKinds.Of(one.Kind).Json;
        return JsonSerializer.SerializeToUtf8Bytes(one, json).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other, json));
    }

    private sealed class Builder(ClusterState before, DateTimeOffset at)
    {
        private readonly ImmutableDictionary<ResourceKey, Resource>.Builder resources = before.Resources.ToBuilder();
        private readonly ImmutableDictionary<ResourceKey, Tombstone>.Builder tombstones = before.Tombstones.ToBuilder();
        private readonly ImmutableDictionary<ResourceKey, ImmutableSortedDictionary<string, EndpointSlice>>.Builder slices = before.slices.ToBuilder();
        private readonly ImmutableDictionary<ResourceKind, int>.Builder counts = before.Counts.ToBuilder();
        private readonly HashSet<ResourceKey> touched = [];

        public void Apply(ResourceChange change)
        {
            var old = resources.GetValueOrDefault(change.Key);
            if (!Accepts(change, old, tombstones.TryGetValue(change.Key, out var tombstone) ? tombstone : null))
                return;
            if (change is Applied { Resource: var now })
            {
                resources[change.Key] = now;
                tombstones.Remove(change.Key);
                Count(change.Key.Kind, old is null ? 1 : 0);
                Reslice(old as EndpointSlice, now as EndpointSlice);
            }
            else
            {
                resources.Remove(change.Key);
                tombstones[change.Key] = new(change.ResourceVersion, at);
                Count(change.Key.Kind, old is null ? 0 : -1);
                Reslice(old as EndpointSlice, null);
            }

            touched.Add(change.Key);
        }

        public (ClusterState, ImmutableArray<ResourceDifference>) Build()
        {
            if (touched.Count == 0)
                return (before, []);
            var state = new ClusterState(resources.ToImmutable(), tombstones.ToImmutable(), slices.ToImmutable(), counts.ToImmutable());
            var differences = touched
                .Select(key => new ResourceDifference(key, before.Resources.GetValueOrDefault(key), state.Resources.GetValueOrDefault(key)))
                .Where(difference => difference.Before is not null || difference.After is not null);
            return (state, [.. differences]);
        }

        private void Count(ResourceKind kind, int by) => counts[kind] = counts.GetValueOrDefault(kind) + by;

        private void Reslice(EndpointSlice? old, EndpointSlice? now)
        {
            if (old?.Service is { } was && (now is null || now.Service != was) && slices.TryGetValue(was, out var left))
            {
                left = left.Remove(old.Metadata.Name);
                if (left.IsEmpty)
                    slices.Remove(was);
                else
                    slices[was] = left;
            }

            if (now?.Service is { } service)
            {
                var sorted = slices.GetValueOrDefault(service) ?? ImmutableSortedDictionary.Create<string, EndpointSlice>(StringComparer.Ordinal);
                slices[service] = sorted.SetItem(now.Metadata.Name, now);
            }
        }
    }
}
