using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>What a write did.</summary>
/// <param name="Object">The object as it is now, or as it was last.</param>
/// <param name="Created">Whether it is new.</param>
/// <param name="Removed">Whether it is gone.</param>
internal sealed record Written(StoredObject Object, bool Created, bool Removed);

/// <summary>The etcd of the API server: all objects under one revision that counts every change, and what lately changed.</summary>
/// <param name="window">Events that are remembered of each kind at most.</param>
internal sealed class ObjectStore(int window)
{
    private readonly Lock gate = new();
    private readonly Dictionary<ApiResource, Collection> collections = [];
    // A new cluster has written much before anybody lists.
    private const long First = 1000;
    private long revision = First;

    /// <summary>The newest revision.</summary>
    public long Revision
    {
        get
        {
            lock (gate)
                return revision;
        }
    }

    /// <summary>Serves a further kind from now on.</summary>
    /// <exception cref="ArgumentException">It is served already.</exception>
    public void AddResource(ApiResource resource)
    {
        lock (gate)
        {
            if (collections.Keys.Any(known => (known.Group, known.Version, known.Plural) == (resource.Group, resource.Version, resource.Plural)))
                throw new ArgumentException($"{resource.GroupResource} is served already", nameof(resource));
            collections.Add(resource, new(window, revision));
        }
    }

    /// <summary>The first kind that fits; null when there is none.</summary>
    public ApiResource? FindResource(Func<ApiResource, bool> fits)
    {
        lock (gate)
            return collections.Keys.FirstOrDefault(fits);
    }

    /// <summary>An object; null when it is not there.</summary>
    public StoredObject? Find(ApiResource resource, ObjectKey key)
    {
        lock (gate)
            return collections[resource].Objects.GetValueOrDefault(key.Path);
    }

    /// <summary>All objects of a kind and the revision they are of.</summary>
    /// <param name="resource">The kind.</param>
    /// <param name="past">The revision; null for the newest.</param>
    /// <returns>Null objects when that revision was compacted.</returns>
    /// <exception cref="ApiException">That revision is yet to come.</exception>
    public (long Revision, ImmutableSortedDictionary<string, StoredObject>? Objects) Snapshot(ApiResource resource, long? past = null)
    {
        lock (gate)
        {
            if (past > revision)
                throw new ApiException(ApiStatus.TooLargeResourceVersion(past.Value, revision));
            var collection = collections[resource];
            return past is { } wanted ? (wanted, collection.At(wanted)) : (revision, collection.Objects);
        }
    }

    /// <summary>Changes an object, or makes or removes it. Nobody else writes meanwhile. What changes nothing makes no revision.</summary>
    /// <param name="resource">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="change">From what there is to what there shall be; null for nothing.</param>
    public Written Write(ApiResource resource, ObjectKey key, Func<StoredObject?, JsonObject?> change)
    {
        lock (gate)
        {
            var collection = collections[resource];
            var before = collection.Objects.GetValueOrDefault(key.Path);
            if (change(before) is not { } content)
            {
                var last = before!.At(++revision);
                collection.Add(new(revision, before, null));
                return new(last, Created: false, Removed: true);
            }
            if (before is not null)
            {
                content["metadata"]!["resourceVersion"] = Wire.Version(before.Revision);
                if (JsonNode.DeepEquals(content, before.Copy()))
                    return new(before, Created: false, Removed: false);
            }
            var after = new StoredObject(resource, key, content, ++revision);
            collection.Add(new(revision, before, after));
            return new(after, Created: before is null, Removed: false);
        }
    }

    /// <summary>Tells a watcher of everything that happens from now on, and first of what it missed.</summary>
    /// <param name="resource">The kind.</param>
    /// <param name="since">What it knows; null to begin with all objects there are.</param>
    /// <param name="markInitialEventsEnd">Whether a bookmark ends what was missed.</param>
    /// <param name="watcher">Where it is told.</param>
    /// <exception cref="ApiException">What it knows is too old.</exception>
    public void Subscribe(ApiResource resource, long? since, bool markInitialEventsEnd, ChannelWriter<WatchSignal> watcher)
    {
        lock (gate)
        {
            var collection = collections[resource];
            var missed = since is { } known
                ? collection.Since(known)
                : collection.Objects.Values.Select(present => new StoreEvent(present.Revision, null, present));
            foreach (var happened in missed)
                watcher.TryWrite(new WatchSignal.Happened(happened));
            if (markInitialEventsEnd)
                watcher.TryWrite(new WatchSignal.Bookmark(revision, InitialEventsEnd: true));
            collection.Watchers.Add(watcher);
        }
    }

    /// <summary>Tells a watcher no more.</summary>
    public void Unsubscribe(ApiResource resource, ChannelWriter<WatchSignal> watcher)
    {
        lock (gate)
            collections[resource].Watchers.Remove(watcher);
    }

    /// <summary>Tells a watcher something that holds for exactly what it was told before.</summary>
    public void Tell(ChannelWriter<WatchSignal> watcher, Func<long, WatchSignal> signal)
    {
        lock (gate)
            watcher.TryWrite(signal(revision));
    }

    /// <summary>Forgets all history: every older resourceVersion is expired.</summary>
    public void Compact()
    {
        lock (gate)
        {
            foreach (var collection in collections.Values)
                collection.Compact(revision);
        }
    }

    /// <summary>All objects as they are now.</summary>
    public StoreBackup Backup()
    {
        lock (gate)
            return new(revision, collections.ToDictionary(pair => pair.Key, pair => pair.Value.Objects));
    }

    /// <summary>
    /// Has the objects and the revision of a backup, and nothing of what came after it; null for those of a new cluster: none.
    /// </summary>
    public void Restore(StoreBackup? backup)
    {
        lock (gate)
        {
            revision = backup?.Revision ?? First;
            var none = ImmutableSortedDictionary.Create<string, StoredObject>(StringComparer.Ordinal);
            foreach (var (resource, collection) in collections)
                collection.Replace(backup?.Objects.GetValueOrDefault(resource) ?? none, revision);
        }
    }

    /// <summary>Forgets what only the API server's own memory had.</summary>
    public void Restart()
    {
        lock (gate)
        {
            foreach (var collection in collections.Values)
                collection.ForgetWatchCache(revision);
        }
    }
}
