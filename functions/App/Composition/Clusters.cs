using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Edge;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Kubernetes;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.ManifestFolders;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Settings;
using IngressReconciler.Storage;
using IngressReconciler.Workers;

namespace IngressReconciler.Composition;

/// <summary>
/// Every cluster that this instance serves, each with a <see cref="Reconciler"/> of its own: one cluster's trouble never touches another's.
/// </summary>
public sealed partial class Clusters : IAsyncDisposable
{
    private const int RefusalsKept = 50;

    /// <summary>How long an event that asks for a resync is kept waiting; the resync goes on.</summary>
    private static readonly TimeSpan ResyncAnswerWithin = TimeSpan.FromSeconds(10);

    private readonly BlobStorage storage;
    private readonly AdminCredentials? credentials;
    private readonly ImmutableSortedDictionary<string, Reconciler> byId;
    private readonly ImmutableDictionary<string, EdgeCutOver> cutOvers;
    private readonly bool takesEvents;
    private readonly ImmutableDictionary<string, ClusterDoctor> doctors;
    private readonly Lock gate = new();
    private readonly Queue<RefusedEvent> refusals = [];
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly List<ApiServer> servers = [];
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Makes them; nothing is reached yet.</summary>
    public Clusters(AppSettings settings, TimeProvider time, ILoggerFactory logs)
    {
        (this.time, log) = (time, logs.CreateLogger("IngressReconciler.Clusters"));
        storage = new(settings.Storage, time);
        takesEvents = settings.Clusters.Length < 2 || settings.SharedTopic;
        credentials = settings.Clusters.Any(cluster => !cluster.Proxies.IsEmpty || cluster.EdgeScaleSet is not null || cluster.Reading.Proxies is not null) ? settings.Admin.Load() : null;
        var options = new ProxyOptions
        {
            ServerName = settings.Admin.ServerName,
            EdgeServerName = settings.Admin.EdgeServerName,
            CircuitBreak = TimeSpan.FromMilliseconds(500),
        };
        var doctoring = ImmutableDictionary.CreateBuilder<string, ClusterDoctor>(StringComparer.Ordinal);
        byId = settings.Clusters.ToImmutableSortedDictionary(cluster => cluster.Id, cluster =>
        {
            var log = logs.CreateLogger($"IngressReconciler.{cluster.Id}");
            var server = cluster.Manifests is null ? cluster.Access.Open() : null;
            if (server is not null)
                servers.Add(server);
            var reader = Reader(cluster, server);
            var driver = new HAProxyDriver(credentials, options, new KeyPairs(reader, time).ReadAsync, time);
            var proxies = new ProxySet(
                cluster.Proxies,
                cluster.Reading.Proxies is { } pods ? new(pods, reader, time, log) : null,
                (proxy, wake) => new(driver.Open(proxy), new(cluster.Id, proxy.Name, time), time, log, wake));
            var feedback = server is null
                ? null
                : ClusterFeedback.Through(server, cluster.Addresses, storage.Cluster(cluster.Id).Environment.ReadAsync, time, log);
            var retention = new VersionRetention(storage.Cluster(cluster.Id), cluster.Retention, time, log);
            var reconciler = new Reconciler(
                storage.Cluster(cluster.Id), cluster.Routing, retention, driver, proxies, reader, cluster.OpenEdge(), feedback, time, log);
            doctoring[cluster.Id] = new(cluster, reconciler, storage.Cluster(cluster.Id), credentials, server, time, settings);
            return reconciler;
        }, StringComparer.Ordinal);
        doctors = doctoring.ToImmutable();
        cutOvers = settings.Clusters.ToImmutableDictionary(
            cluster => cluster.Id, cluster => new EdgeCutOver(cluster.Id, byId[cluster.Id], cluster.EdgeProbePorts, time), StringComparer.Ordinal);
    }

    /// <summary>The reconcilers by cluster id.</summary>
    public IReadOnlyDictionary<string, Reconciler> All => byId;

    /// <summary>Events that could never be of use, the newest last.</summary>
    public ImmutableArray<RefusedEvent> Refusals
    {
        get
        {
            lock (gate)
                return [.. refusals];
        }
    }

    /// <summary>The reconciler of a cluster, or null.</summary>
    public Reconciler? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>Changes over what the edge of a cluster sends; the cluster must be known.</summary>
    public EdgeCutOver CutOverOf(string id) => cutOvers[id];

    /// <summary>Looks at a cluster and all that is before it; the cluster must be known.</summary>
    public ClusterDoctor DoctorOf(string id) => doctors[id];

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
    /// <exception cref="IOException">An object that an event only names could not be read: send the batch again.</exception>
    public async Task AcceptAsync(IEnumerable<JsonElement> events)
    {
        var changes = new Dictionary<string, List<ResourceChange>>(StringComparer.Ordinal);
        var alone = new List<Task>();
        foreach (var json in events)
        {
            if (!ClusterEvent.TryRead(json, out var read, out var refusal))
                Refuse(refusal);
            else if (!byId.TryGetValue(read.ClusterId, out var cluster))
                Refuse($"an event about {About(read)} is from cluster '{read.ClusterId}', which is not among the settings ({AppSettings.Section}__Clusters__{read.ClusterId}__…)");
            else if (!takesEvents)
            {
                var why = $"{TrustChecks.NotShared(byId.Count)}; {TrustChecks.ToShare}";
                Refuse($"an event about {About(read)} from cluster '{read.ClusterId}': {why}");
            }
            else if (read is ReferenceEvent { Key: var key, Origin: var origin })
                alone.Add(cluster.AcceptAsync(key, origin, CancellationToken.None));
            else if (read is ListedEvent)
                alone.Add(Task.WhenAny(ResyncAsync(cluster, confirmed: false, stopping.Token), Task.Delay(ResyncAnswerWithin, time)));
            else if (changes.TryGetValue(read.ClusterId, out var list))
                list.Add(((ChangeEvent)read).Change);
            else
                changes[read.ClusterId] = [((ChangeEvent)read).Change];
        }

        await Task.WhenAll(changes.Select(pair => byId[pair.Key].AcceptAsync(pair.Value)).Concat(alone));
    }

    /// <summary>Lists every cluster that can be listed, takes what was missed, and reads every proxy back. One cluster's failure is told after all are done.</summary>
    /// <exception cref="StorageUnavailableException">What was missed could not be journalled.</exception>
    public Task ResyncAsync(CancellationToken cancel) => Task.WhenAll(byId.Values.Select(reconciler => reconciler.ResyncAsync(confirmed: false, cancel)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested)
            return;
        await stopping.CancelAsync();
        foreach (var doctor in doctors.Values)
            await doctor.DisposeAsync();
        foreach (var reconciler in byId.Values)
            await reconciler.DisposeAsync();
        foreach (var cutOver in cutOvers.Values)
            cutOver.Dispose();
        foreach (var server in servers)
            server.Dispose();
        stopping.Dispose();
        credentials?.Dispose();
        storage.Dispose();
    }

    private static string About(ClusterEvent read) => read switch
    {
        ChangeEvent { Change.Key: var key } => $"{key}",
        ReferenceEvent { Key: var key } => $"{key}",
        _ => "everything",
    };

    private IClusterReader? Reader(ClusterSettings cluster, ApiServer? server)
    {
        if (cluster.Manifests is { } folder)
            return new ManifestFolder(folder, ManifestIndex.DefaultFile(folder), time);
        return server is null ? null : new ApiServerReader(server, cluster.Reading, time);
    }

    /// <summary>A resync that nobody waits for to its end.</summary>
    private async Task ResyncAsync(Reconciler cluster, bool confirmed, CancellationToken cancel)
    {
        try
        {
            await cluster.ResyncAsync(confirmed, cancel);
        }
        catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException)
        {
            LogNotResynced(e.Message);
        }
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "A resync was left: {Reason}")]
    private partial void LogNotResynced(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused: {Reason}")]
    private partial void LogRefused(string reason);
}
