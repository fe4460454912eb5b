using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Kubernetes;
using IngressReconciler.Reconciliation;
using IngressReconciler.Relay;
using IngressReconciler.Settings;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>
/// A cluster with an API server of its own on a <see cref="Stage"/>: a relay watches it, an instance of the function takes the events and reads
/// lists and keys from the same API server.
/// </summary>
internal sealed class LiveCluster : IAsyncDisposable
{
    /// <summary>Little patience, so that many faults fit into a short test.</summary>
    public static readonly RelayOptions Impatient = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(10),
        LongestPause = TimeSpan.FromMilliseconds(100),
        LongestSinkPause = TimeSpan.FromMilliseconds(100),
        AbsentPause = TimeSpan.FromMilliseconds(100),
        Silence = TimeSpan.FromSeconds(1),
        Lasting = TimeSpan.FromMilliseconds(50),
    };

    private readonly string kubeconfig = Path.GetTempFileName();
    private Func<ClusterSettings, ClusterSettings>? change;
    private CancellationTokenSource? relaying;
    private Task running = Task.CompletedTask;
    private Microsoft.Extensions.Logging.ILogger? log;

    private LiveCluster(Stage stage, KubeApiServer api) => (Stage, Api) = (stage, api);

    public Stage Stage { get; }

    public KubeApiServer Api { get; }

    public Clusters Function { get; private set; } = null!;

    public ClusterRelay Relay { get; private set; } = null!;

    /// <summary>Every event that the sink took, in order.</summary>
    public ConcurrentQueue<JsonElement> Published { get; } = [];

    /// <summary>What the sink does before it takes a publication: fail, wait.</summary>
    public Func<Task> BeforeTaking { get; set; } = () => Task.CompletedTask;

    /// <summary>Which events the sink refuses for ever; none.</summary>
    public Func<string, bool> RefusesWhere { get; set; } = _ => false;

    /// <summary>Kinds that the relay watches besides.</summary>
    public ImmutableArray<ObjectQuery> MoreKinds { get; init; } = [];

    /// <summary>Other clusters on the same function.</summary>
    private ImmutableArray<ClusterSettings> Beside { get; init; } = [];

    public Reconciler Reconciler => Function.All[Stage.ClusterId];

    /// <summary>Starts all of it.</summary>
    /// <param name="stage">Proxies, storage, pods.</param>
    /// <param name="change">Changes the cluster's settings.</param>
    /// <param name="moreKinds">Kinds that the relay watches besides.</param>
    public static Task<LiveCluster> StartAsync(Stage stage, Func<ClusterSettings, ClusterSettings>? change = null, params ImmutableArray<ObjectQuery> moreKinds) =>
        StartAsync(stage, [], change, moreKinds);

    /// <summary>Starts all of it, with another cluster on the same function.</summary>
    public static Task<LiveCluster> StartBesideAsync(Stage stage, ClusterSettings other) => StartAsync(stage, [other], null, []);

    private static async Task<LiveCluster> StartAsync(
        Stage stage, ImmutableArray<ClusterSettings> beside, Func<ClusterSettings, ClusterSettings>? change, ImmutableArray<ObjectQuery> moreKinds)
    {
        var api = await KubeApiServer.StartAsync(new() { BookmarkInterval = TimeSpan.FromMilliseconds(300) });
        var live = new LiveCluster(stage, api) { MoreKinds = moreKinds, Beside = beside };
        api.ApplyKubernetesService();
        live.Apply(stage.Objects.Class());
        api.Access.RequireToken("let-me-in");
        api.WriteKubeconfig(live.kubeconfig);
        live.change = settings => (change ?? (same => same))(settings with { Access = ClusterAccess.None with { Kubeconfig = live.kubeconfig } });
        live.OpenFunction();
        stage.Keep(live); // it goes before the function
        live.log = stage.Logger("Relay");
        live.StartRelay();
        await live.ListedAsync();
        return live;
    }

    /// <summary>Starts an instance of the function.</summary>
    /// <param name="container">Where it has its state; null for the same as ever.</param>
    public void OpenFunction(string? container = null) =>
        Function = Stage.Open(
            change,
            options => options with { SnapshotLines = 5, Container = container ?? options.Container },
            beside: Beside);

    /// <summary>Creates or changes an object.</summary>
    public void Apply(JsonObject one)
    {
        var content = (JsonObject)one.DeepClone();
        foreach (var field in (string[])["resourceVersion", "uid", "creationTimestamp"])
            ((JsonObject)content["metadata"]!).Remove(field);
        Api.Apply(content);
    }

    /// <summary>Service, slice and Ingress of a host whose one pod runs.</summary>
    public async Task HostAsync(string name)
    {
        var pod = await Stage.PodAsync(name + "-1");
        Apply(Stage.Objects.Service(name));
        Apply(Stage.Objects.Slice(name, Stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready")));
        Apply(Stage.Objects.Ingress(name, ($"{name}.example", "/", name)));
    }

    /// <summary>Starts a relay.</summary>
    public void StartRelay(RelayOptions? options = null)
    {
        relaying = new();
        var server = Connect();
        Relay = new(
            Stage.ClusterId, server, [.. new ClusterReading().Queries, .. MoreKinds], new(TakeAsync), options ?? Impatient, TimeProvider.System, log!);
        running = Task.Run(async () =>
        {
            using (server)
                await Relay.RunAsync(relaying.Token);
        });
    }

    /// <summary>Stops it; what waits is sent if that is possible.</summary>
    public async Task StopRelayAsync()
    {
        if (relaying is null)
            return;
        await relaying.CancelAsync();
        await running;
        relaying.Dispose();
        relaying = null;
    }

    /// <summary>A client of the API server.</summary>
    public ApiServer Connect() => new(() => k8s.KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));

    /// <summary>Waits until every kind is watched.</summary>
    public Task ListedAsync() => Stage.UntilAsync(() => Task.FromResult(
        string.Join('\n', Relay.Watchers.Where(watcher => watcher is { Trouble: not null, IsAbsent: false }).Select(watcher => $"{watcher.Query.Plural}: {watcher.Trouble}"))));

    /// <summary>What a fresh list asks for.</summary>
    public async Task<DesiredState> FreshAsync()
    {
        using var server = Connect();
        var listing = await new ApiServerReader(server, new(), TimeProvider.System).ListAsync(TestContext.Current.CancellationToken);
        Assert.Empty(listing.Failures);
        var (state, _) = ClusterState.Empty.Apply(listing.Cluster.Resources.Select(one => new Applied(one)), DateTimeOffset.UnixEpoch);
        return DesiredState.Of(state, Reconciler.Wanted.Options);
    }

    /// <summary>Waits until every proxy, read back whole, runs what a fresh list says; and nobody believes anything else.</summary>
    public async Task ConvergedAsync(bool known = true)
    {
        var fresh = await FreshAsync();
        await Stage.UntilAsync(() => Task.FromResult(
            known && Missing(fresh) is { Length: > 0 } missing ? $"the function does not know {missing}" : ""));
        await Stage.UntilAsync(async () =>
        {
            foreach (var proxy in Stage.Proxies)
            {
                var plan = HAProxyPlanner.Plan(fresh.Compiled(), Reconciler.Version, await Stage.StateAsync(proxy), PlanScope.All());
                if (!plan.IsDone)
                    return $"{proxy.Address.Name} still lacks {string.Join('\n', plan.Steps.Take(5))}";
            }

            return "";
        });
    }

    /// <summary>Waits until both proxies, or those that are named, lead a host somewhere.</summary>
    public Task HeldAsync(string host, params IReadOnlyCollection<IngressProxy> only) => Stage.UntilAsync(async () =>
    {
        foreach (var proxy in only.Count > 0 ? only : Stage.Proxies)
        {
            if ((await Stage.GetAsync(proxy, host)).Status is not 200 and var status)
                return $"{proxy.Address.Name} answers {status} for {host}";
        }

        return "";
    });

    private string Missing(DesiredState fresh) => string.Join(", ", fresh.Cluster.Resources.Values
        .Where(one => Reconciler.Wanted.Cluster.IsMissing(one, one.Metadata.ResourceVersion))
        .Select(one => $"{one.Key}@{one.Metadata.ResourceVersion}")
        .Concat(Reconciler.Wanted.Cluster.Resources.Keys
            .Where(key => !ResourceKinds.IsOwn(key.Kind) && !fresh.Cluster.Resources.ContainsKey(key))
            .Select(key => $"that {key} is gone")));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopRelayAsync();
        await Api.DisposeAsync();
        File.Delete(kubeconfig);
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> publication, CancellationToken cancel)
    {
        await BeforeTaking().WaitAsync(cancel);
        if (RefusesWhere(Encoding.UTF8.GetString(publication.Span)))
            throw new SinkException($"the sink refuses", refused: true, null);
        using var json = JsonDocument.Parse(publication);
        JsonElement[] events = [.. json.RootElement.EnumerateArray().Select(one => one.Clone())];
        foreach (var one in events)
            Published.Enqueue(one);
        try
        {
            await Function.AcceptAsync(events);
        }
        catch (Exception e) when (e is IngressReconciler.Storage.StorageUnavailableException or IOException)
        {
            throw new SinkException($"{e.Message}", refused: false, e); // a function that answers 500
        }
    }
}
