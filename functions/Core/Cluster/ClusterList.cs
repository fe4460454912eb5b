using System.Collections.Immutable;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>
/// Everything that a cluster has at one moment, as lists of its API give it. Each list is the newest state of its kind (a list without
/// <c>resourceVersion</c> is a linearizable read), so whatever was known before the list was asked for, and is newer than the list,
/// contradicts it: the version came from no history that the cluster still has. An event with a wrong version does that, an etcd that was
/// restored from a backup, and a cluster that was made anew under the same id.
/// </summary>
/// <param name="Resources">Every object of every kind that was listed.</param>
/// <param name="Kinds">The kinds that were listed, each with the version of its list: what is not in it was gone by then. Of others it says nothing.</param>
public sealed record ClusterList(ImmutableArray<Resource> Resources, ImmutableDictionary<ResourceKind, string> Kinds)
{
    /// <summary>The uid of the cluster; null when it was not listed.</summary>
    public string? Uid { get; } =
        Resources.FirstOrDefault(one => one.Key == ClusterHistory.IdentityKey)?.Metadata.Uid is { Length: > 0 } uid ? uid : null;

    /// <summary>What a state has missed of this list, and what of it the list proves wrong.</summary>
    /// <param name="before">What was known before the list was asked for.</param>
    /// <param name="now">What is known now.</param>
    /// <param name="guard">Which lists are rejected at first.</param>
    /// <param name="earlier">What the lists before said.</param>
    public MissedChanges MissedBy(ClusterState before, ClusterState now, MassDeletionLimits guard, EarlierLists earlier)
    {
        var history = ClusterHistory.Of(now);
        var listed = Resources.ToLookup(one => one.Kind);
        var known = now.Resources.Keys.ToLookup(key => key.Kind);
        var deleted = now.Tombstones.Keys.ToLookup(key => key.Kind);
        var changes = ImmutableArray.CreateBuilder<ResourceChange>();
        var corrected = ImmutableArray.CreateBuilder<Contradiction>();
        var suspects = ImmutableArray.CreateBuilder<SuspectList>();
        string? another = null;
        foreach (var (kind, version) in Kinds.OrderBy(pair => pair.Key))
        {
            var found = Compare(version, before, now, listed[kind], known[kind], deleted[kind]);
            var isAnother = history.UidOf(kind) is { } uid && Uid is not null && uid != Uid;
            if (isAnother)
                another ??= history.UidOf(kind);

            // What the list lacks, and what it contradicts, is counted before either is held back: an object may be in both. Every doubt is
            // told of, so that the next list is followed if it gives no further one; the rest of the list is good in any case.
            var (gone, wrong) = (found.Count(one => one.IsGone), found.Count(one => one.Wrong is not null));
            var (here, of) = (known[kind].Count(), known[kind].Count() + deleted[kind].Count());
            var goesBack = wrong > 0 && (earlier.IsNewer(kind, version) || guard.AreReached(wrong, of));
            SuspectList[] doubts =
            [
                .. guard.AreReached(gone, here) ? new[] { new SuspectList(kind, gone, here) } : [],
                .. goesBack ? new[] { new SuspectList(kind, wrong, of) { Reason = Suspicion.GoesBack } } : [],
            ];
            if (!isAnother && doubts.Any(doubt => !earlier.Believes(kind, doubt.Reason)))
            {
                suspects.AddRange(doubts);
                found.RemoveAll(one => one.IsGone || (goesBack && one.Wrong is not null));
            }

            changes.AddRange(found.Select(one => one.Change));
            corrected.AddRange(found.Select(one => one.Wrong).OfType<Contradiction>());
        }

        var complete = Kinds.Keys.Where(kind => !suspects.Any(one => one.Kind == kind)).ToImmutableArray();
        return new(changes.DrainToImmutable(), suspects.DrainToImmutable())
        {
            Corrected = corrected.DrainToImmutable(),
            Another = another,
            Complete = complete,
        };
    }

    private static List<Found> Compare(
        string version, ClusterState before, ClusterState now, IEnumerable<Resource> listed, IEnumerable<ResourceKey> known,
        IEnumerable<ResourceKey> deleted)
    {
        var found = new List<Found>();
        var present = new HashSet<ResourceKey>();
        foreach (var one in listed)
        {
            present.Add(one.Key);

            // A list that is not older than a deletion shows that it was none.
            var least = now.Resources.ContainsKey(one.Key) ? one.Metadata.ResourceVersion : version;
            if (Newer(one.Key, least) is { } newer)
                found.Add(new(new Applied(one, version) { Replaces = newer }, new(one.Key, newer, one.Metadata.ResourceVersion)));
            else if (now.IsMissing(one, version))
                found.Add(new(new Applied(one, version), null));
        }

        foreach (var key in known.Where(key => !present.Contains(key)).Order(ResourceKey.Order))
        {
            if (Newer(key, version) is { } newer)
                found.Add(new(new Deleted(key, version) { Replaces = newer }, new(key, newer, null), IsGone: true));
            else if (now.Accepts(new Deleted(key, version)))
                found.Add(new(new Deleted(key, version), null, IsGone: true));
        }

        // A deletion that is newer than the list would swallow what is to come.
        foreach (var key in deleted.Where(key => !present.Contains(key)).Order(ResourceKey.Order))
        {
            if (Newer(key, version) is { } newer)
                found.Add(new(new Deleted(key, version) { Replaces = newer }, new(key, newer, null)));
        }

        return found;

        // What an event brought after the list was asked for may well be newer than the list.
        string? Newer(ResourceKey key, string than)
        {
            var version = before.VersionOf(key);
            return version is not null && version == now.VersionOf(key) && ResourceVersion.Compare(version, than) > 0 ? version : null;
        }
    }

    /// <summary>What follows from a list for one object.</summary>
    /// <param name="Change">What to apply.</param>
    /// <param name="Wrong">What it proves wrong; null when it is only news.</param>
    /// <param name="IsGone">Whether it is about an object that was there.</param>
    private sealed record Found(ResourceChange Change, Contradiction? Wrong, bool IsGone = false);
}

/// <summary>When a list is taken for a partial view of the cluster rather than for the truth.</summary>
/// <param name="Share">It lacks more than this share, 0 to 1, of the objects of a kind that are known …</param>
/// <param name="Fewest">… and at least this many.</param>
public sealed record MassDeletionLimits(double Share = 0.5, int Fewest = 10)
{
    /// <summary>Whether a list is rejected that lacks so many of the known objects.</summary>
    public bool AreReached(int missing, int known) => missing >= Fewest && missing > known * Share;
}

/// <summary>What the lists before say of a list.</summary>
/// <param name="Suspects">What the last one was rejected for.</param>
/// <param name="Versions">Its version, kind by kind.</param>
/// <param name="Confirmed">Whether a person says that the list is right, whatever it says.</param>
public sealed record EarlierLists(
    ImmutableArray<SuspectList> Suspects, ImmutableDictionary<ResourceKind, string> Versions, bool Confirmed = false)
{
    /// <summary>There was none.</summary>
    public static EarlierLists None { get; } = new([], ImmutableDictionary<ResourceKind, string>.Empty);

    /// <summary>
    /// Whether a list is followed in spite of a suspicion: the one before gave the same reason, or a person confirmed it.
    /// </summary>
    public bool Believes(ResourceKind kind, Suspicion reason) => Confirmed || Suspects.Any(one => one.Kind == kind && one.Reason == reason);

    /// <summary>Whether the list before was of a later version, which cannot be in one history.</summary>
    public bool IsNewer(ResourceKind kind, string version) =>
        Versions.TryGetValue(kind, out var last) && ResourceVersion.Compare(last, version) > 0;
}

/// <summary>What a state has missed of a list.</summary>
/// <param name="Changes">What to apply.</param>
/// <param name="Suspects">Rejected lists: nothing that they lack counts as gone, or nothing that they contradict as wrong.</param>
public sealed record MissedChanges(ImmutableArray<ResourceChange> Changes, ImmutableArray<SuspectList> Suspects)
{
    /// <summary>What of the changes corrects something that is newer than the list.</summary>
    public ImmutableArray<Contradiction> Corrected { get; init; } = [];

    /// <summary>The uid of the cluster that was known, when the list is of another; else null.</summary>
    public string? Another { get; init; }

    /// <summary>
    /// The kinds that were listed in full and are followed: what <see cref="ClusterHistory"/> records, after the changes.
    /// </summary>
    public ImmutableArray<ResourceKind> Complete { get; init; } = [];

    /// <summary>Nothing was missed.</summary>
    public static MissedChanges None { get; } = new([], []);
}

/// <summary>Something that was known and is newer than a fresh list, which no history of one cluster has.</summary>
/// <param name="Key">The object.</param>
/// <param name="Known">The version that was known of it, or of its deletion.</param>
/// <param name="Listed">The version that it has in the list; null when it is not there.</param>
public sealed record Contradiction(ResourceKey Key, string Known, string? Listed)
{
    /// <summary>A sentence for people.</summary>
    public override string ToString() =>
        $"{Key} was known at version {Known}, which is newer than the fresh list; "
        + $"there it {(Listed is null ? "does not exist" : $"has version {Listed}")}";
}

/// <summary>Why a list is rejected at first.</summary>
public enum Suspicion
{
    /// <summary>It lacks most of the objects that are known.</summary>
    Lacks,

    /// <summary>It contradicts much of what is known, or is older than the list before, as after etcd was restored from a backup.</summary>
    GoesBack,

    /// <summary>It is the first, and lacks most of what a proxy serves.</summary>
    Serves,
}

/// <summary>A rejected list.</summary>
/// <param name="Kind">Of which kind.</param>
/// <param name="Missing">How many known objects it lacks or contradicts, or how much of what a proxy serves it lacks.</param>
/// <param name="Known">How many are known, or served.</param>
public sealed record SuspectList(ResourceKind Kind, int Missing, int Known)
{
    /// <summary>Why.</summary>
    public Suspicion Reason { get; init; }
}
