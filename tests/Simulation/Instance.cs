using System.Runtime.CompilerServices;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Storage;
using IngressReconciler.Simulation.TextProxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Storage;
using IngressReconciler.Workers;

namespace IngressReconciler.Simulation;

/// <summary>One process of the function: the real reconciler on a simulated network, storage and clock.</summary>
public sealed class Instance : IAsyncDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromDays(40); // deadlines on the real clock

    private readonly World world;
    private readonly BlobStorage storage;

    /// <summary>Makes and starts one.</summary>
    /// <param name="surroundings">What it has around it.</param>
    /// <param name="name">Its name; no other process has it.</param>
    /// <param name="place">The place that it runs in: under that id it takes leases. Null for none.</param>
    public Instance(Surroundings surroundings, string name, string? place)
    {
        world = surroundings.World;
        (Name, Place) = (name, place);
        Life = new(world);
        Random = new(world.Random.Next());
        var clock = new InstanceClock(world, Life, world.Between(-2000, 2000));
        Log = new(world, name);
        Storage = new(world, Life, name, surroundings.Blobs, surroundings.StorageFaults, surroundings.CallDone(name));
        var options = surroundings.StorageOptions with { Deadline = Never, TryTimeout = Never };
        storage = new(options, clock, Storage, new LeaseHolder(place), new StorageRetry(clock, Random));
        // A session that hangs is given up sooner than in production: a run is short.
        var proxyOptions = new ProxyOptions
        {
            CircuitBreak = TimeSpan.FromMilliseconds(500),
            SilenceDeadline = TimeSpan.FromSeconds(6),
            UseDeadline = TimeSpan.FromSeconds(20),
        };
        var way = new AdminWay("CN=simulation", (proxy, cancel) => surroundings.Host(proxy.Name).ConnectAsync(name, Life, cancel));
        IProxyDriver driver = surroundings.TextHosts.Count > 0
            ? new TextDriver(proxy => surroundings.TextHosts.First(host => host.Name == proxy), name, Life, clock)
            : new HAProxyDriver(
                way, proxyOptions, (_, _, _) => throw new NotSupportedException("there are no certificates here"), clock, Random);
        var cluster = storage.Cluster(Surroundings.ClusterId);
        var proxies = new ProxySet(
            [.. surroundings.Hosts.Select(host => host.Proxy), .. surroundings.TextHosts.Select(host => host.Proxy)],
            pods: null,
            (proxy, wake) => new(driver.Open(proxy), new(Surroundings.ClusterId, proxy.Name, clock), clock, Log, wake));
        var reader = new ClusterView(world, Life, name, surroundings.Cluster, surroundings.ApiServer);
        var retention = new VersionRetention(cluster, new(), clock, Log);
        Reconciler = new(cluster, surroundings.Routing, retention, driver, proxies, reader, edge: null, feedback: null, clock, Log, Random);
        world.Note($"{name} starts");
        Reconciler.Start();
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The place that it runs in.</summary>
    public string? Place { get; }

    /// <summary>Whether it runs.</summary>
    public InstanceLife Life { get; }

    /// <summary>Its own chance.</summary>
    public Random Random { get; }

    /// <summary>What it logs.</summary>
    public InstanceLog Log { get; }

    /// <summary>Its way to storage.</summary>
    public BlobNetwork Storage { get; }

    /// <summary>The product.</summary>
    public Reconciler Reconciler { get; }

    /// <summary>Whether it can be asked for something.</summary>
    public bool IsThere => Life is { IsAlive: true, IsStarved: false } && !IsStopping;

    /// <summary>Whether it ends in order.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        world.Note($"{Name} is killed");
        Life.Kill();
        Forget();
    }

    /// <summary>SIGTERM: completes when it has ended in order.</summary>
    public async ValueTask DisposeAsync()
    {
        world.Note($"{Name} is stopped");
        IsStopping = true;
        await Reconciler.DisposeAsync();
        storage.Dispose();
        Life.Kill();
        world.Note($"{Name} has ended");
    }

    /// <summary>Takes it off the process's lists, which would keep it for ever.</summary>
    public void Forget() => Gauges(Reconciler)?.Dispose();

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "gauges")]
    private static extern ref ClusterGauges? Gauges(Reconciler reconciler);
}
