using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Local;
using IngressReconciler.Proxies;
using IngressReconciler.Settings;
using IngressReconciler.Storage;

namespace IngressReconciler;

/// <summary>
/// Every cluster that this instance serves, each with a <see cref="Reconciler"/> of its own: one cluster's trouble never touches another's.
/// </summary>
public sealed partial class Clusters : IAsyncDisposable
{
    private const int RefusalsKept = 50;

    private readonly BlobStorage storage;
    private readonly AdminCredentials? credentials;
    private readonly ImmutableSortedDictionary<string, Reconciler> byId;
    private readonly Lock gate = new();
    private readonly Queue<Refusal> refusals = [];
    private readonly TimeProvider time;
    private readonly ILogger log;

    /// <summary>Makes them; nothing is reached yet.</summary>
    public Clusters(AppSettings settings, TimeProvider time, ILoggerFactory logs)
    {
        (this.time, log) = (time, logs.CreateLogger("IngressReconciler.Clusters"));
        storage = new(settings.Storage, time);
        credentials = settings.Clusters.Any(cluster => !cluster.Proxies.IsEmpty) ? settings.Admin.Load() : null;
        var options = new ProxyOptions { ServerName = settings.Admin.ServerName, CircuitBreak = TimeSpan.FromMilliseconds(500) };
        byId = settings.Clusters.ToImmutableSortedDictionary(cluster => cluster.Id, cluster =>
        {
            var manifests = cluster.Manifests is { } folder ? new ManifestFolder(folder, ManifestIndex.DefaultFile(folder), time) : null;
            var links = cluster.Proxies.Select(address => new ProxyLink(address, credentials!, options, time)).ToArray();
            var pairs = new KeyPairs(manifests, time, logs.CreateLogger("IngressReconciler.Certificates"));
            return new Reconciler(
                storage.Cluster(cluster.Id), cluster.Routing, links, cancel => ListAsync(manifests, cancel), pairs.ReadAsync, time, logs.CreateLogger($"IngressReconciler.{cluster.Id}"));
        }, StringComparer.Ordinal);
    }

    /// <summary>The reconcilers by cluster id.</summary>
    public IReadOnlyDictionary<string, Reconciler> All => byId;

    /// <summary>Events that could never be of use, the newest last.</summary>
    public ImmutableArray<Refusal> Refusals
    {
        get
        {
            lock (gate)
                return [.. refusals];
        }
    }

    /// <summary>The reconciler of a cluster, or null.</summary>
    public Reconciler? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>The state of a cluster in storage.</summary>
    public ClusterStorage StorageOf(string id) => storage.Cluster(id);

    /// <summary>Begins.</summary>
    public void Start()
    {
        foreach (var reconciler in byId.Values)
            reconciler.Start();
    }

    /// <summary>
    /// Takes a batch of CloudEvents. What can be read is accepted; the rest is recorded and dropped, for it would be the same when sent again.
    /// </summary>
    /// <exception cref="StorageUnavailableException">Some could not be journalled: send the batch again.</exception>
    public async Task AcceptAsync(IEnumerable<JsonElement> events)
    {
        var changes = new Dictionary<string, List<ResourceChange>>(StringComparer.Ordinal);
        foreach (var json in events)
        {
            if (!ClusterEvent.TryRead(json, out var read, out var refusal))
                Refuse(refusal);
            else if (!byId.ContainsKey(read.ClusterId))
                Refuse($"an event about {read.Change.Key} is from cluster '{read.ClusterId}', which is not among the settings ({AppSettings.Section}__Clusters__{read.ClusterId}__…)");
            else if (changes.TryGetValue(read.ClusterId, out var list))
                list.Add(read.Change);
            else
                changes[read.ClusterId] = [read.Change];
        }

        await Task.WhenAll(changes.Select(pair => byId[pair.Key].AcceptAsync(pair.Value)));
    }

    /// <summary>Lists every cluster that can be listed, takes what was missed, and reads every proxy back.</summary>
    public Task ResyncAsync(CancellationToken cancel) => Task.WhenAll(byId.Values.Select(reconciler => reconciler.ResyncAsync(cancel)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var reconciler in byId.Values)
            await reconciler.DisposeAsync();
        credentials?.Dispose();
        storage.Dispose();
    }

    private async Task<ClusterList?> ListAsync(ManifestFolder? manifests, CancellationToken cancel)
    {
        if (manifests is null)
            return null;
        var listing = await manifests.ListClusterAsync(cancel);
        foreach (var refusal in listing.Refusals)
            Refuse(refusal);
        return listing.Cluster;
    }

    private void Refuse(string reason)
    {
        LogRefused(reason);
        lock (gate)
        {
            refusals.Enqueue(new(time.GetUtcNow(), reason));
            if (refusals.Count > RefusalsKept)
                refusals.Dequeue();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused: {Reason}")]
    private partial void LogRefused(string reason);
}

/// <summary>An event that was dropped.</summary>
/// <param name="At">When.</param>
/// <param name="Reason">Why: the event, the field, what is expected.</param>
public sealed record Refusal(DateTimeOffset At, string Reason);
