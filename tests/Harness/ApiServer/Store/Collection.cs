using System.Collections.Immutable;
using System.Globalization;
using System.Threading.Channels;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>All objects of one kind and what lately happened to them. The store's lock guards it.</summary>
/// <param name="window">Events that are remembered at most.</param>
/// <param name="revision">The store's revision when the kind was added.</param>
internal sealed class Collection(int window, long revision)
{
    private readonly Queue<StoreEvent> history = new();
    private long oldestState = revision;
    private long oldestWatch = revision;

    /// <summary>The present, in the order of lists.</summary>
    public ImmutableSortedDictionary<string, StoredObject> Objects { get; private set; } =
        ImmutableSortedDictionary.Create<string, StoredObject>(StringComparer.Ordinal);

    /// <summary>Where every further event goes.</summary>
    public HashSet<ChannelWriter<WatchSignal>> Watchers { get; } = [];

    /// <summary>Takes a change.</summary>
    public void Add(StoreEvent happened)
    {
        Objects = happened.After is { } after ? Objects.SetItem(after.Key.Path, after) : Objects.Remove(happened.Before!.Key.Path);
        history.Enqueue(happened);
        while (history.Count > window)
        {
            oldestState = history.Dequeue().Revision;
            oldestWatch = Math.Max(oldestWatch, oldestState);
        }
        foreach (var watcher in Watchers)
            watcher.TryWrite(new WatchSignal.Happened(happened));
    }

    /// <summary>Forgets all history: etcd was compacted, and the watch cache had no room.</summary>
    public void Compact(long now)
    {
        history.Clear();
        (oldestState, oldestWatch) = (now, now);
    }

    /// <summary>Has other objects from now on, and no history of them.</summary>
    public void Replace(ImmutableSortedDictionary<string, StoredObject> objects, long now)
    {
        Objects = objects;
        Compact(now);
    }

    /// <summary>Forgets the watch cache's history, but not etcd's: what a restart does.</summary>
    public void ForgetWatchCache(long now) => oldestWatch = now;

    /// <summary>The objects as they were at a revision; null when that was compacted.</summary>
    public ImmutableSortedDictionary<string, StoredObject>? At(long past)
    {
        if (past < oldestState)
            return null;
        var objects = Objects.ToBuilder();
        foreach (var undone in history.Reverse().TakeWhile(happened => happened.Revision > past))
        {
            if (undone.Before is { } before)
                objects[before.Key.Path] = before;
            else
                objects.Remove(undone.After!.Key.Path);
        }
        return objects.ToImmutable();
    }

    /// <summary>What happened after a revision.</summary>
    /// <exception cref="ApiException">That is too long ago.</exception>
    public IEnumerable<StoreEvent> Since(long past) => past >= oldestWatch
        ? history.Where(happened => happened.Revision > past)
        : throw new ApiException(ApiStatus.Expired(string.Create(CultureInfo.InvariantCulture, $"too old resource version: {past} ({oldestWatch})")));
}
