using IngressReconciler.Routing;
using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Proxies;
using IngressReconciler.Simulation.Storage;
using IngressReconciler.Simulation.TextProxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Storage;

namespace IngressReconciler.Simulation;

/// <summary>What became of the cluster's history.</summary>
public enum ClusterHistories
{
    /// <summary>It went on.</summary>
    One,

    /// <summary>It went back to a backup.</summary>
    WentBack,

    /// <summary>It is another cluster's.</summary>
    Another,
}

/// <summary>What all instances share: storage, the cluster, the proxies.</summary>
public sealed class Surroundings
{
    /// <summary>The cluster's id.</summary>
    public const string ClusterId = "c";

    private const string LeaseBlob = $"clusters/{ClusterId}/lease";

    private readonly Dictionary<string, string> holders = new(StringComparer.Ordinal);

    /// <summary>Makes them.</summary>
    public Surroundings(World world, int proxies, bool areText)
    {
        World = world;
        Blobs = new(() => world.Time);
        Hosts = [.. Enumerable.Range(1, areText ? 0 : proxies).Select(i => new ProxyHost(world, $"p{i}", $"10.9.0.{i}"))];
        TextHosts = [.. Enumerable.Range(1, areText ? proxies : 0).Select(i => new TextHost(world, $"t{i}", $"10.9.1.{i}"))];
        foreach (var host in TextHosts)
            host.LeaseHolder = () => LeaseHolder;
        foreach (var host in Hosts)
            host.LeaseHolder = () => LeaseHolder;
        StorageOptions = StorageOptions with
        {
            SegmentBlocks = world.Pick([40_000, 40_000, 10, 25]),
            SnapshotLines = world.Pick([2000, 2000, 8, 20]),
        };
        Workloads = new(world, Cluster);
        Routes = new(world, Cluster);
    }

    /// <summary>The world.</summary>
    public World World { get; }

    /// <summary>Storage.</summary>
    public BlobService Blobs { get; }

    /// <summary>How storage behaves.</summary>
    public StorageFaults StorageFaults { get; } = new();

    /// <summary>How the API server behaves.</summary>
    public ApiServerFaults ApiServer { get; } = new();

    /// <summary>The cluster.</summary>
    public SimulatedCluster Cluster { get; } = new();

    /// <summary>Its pods.</summary>
    public Workloads Workloads { get; }

    /// <summary>Its Ingresses.</summary>
    public Routes Routes { get; }

    /// <summary>The proxies.</summary>
    public IReadOnlyList<ProxyHost> Hosts { get; }

    /// <summary>The proxies, where they are of the second kind.</summary>
    public IReadOnlyList<TextHost> TextHosts { get; }

    /// <summary>What became of the cluster's history.</summary>
    public ClusterHistories History { get; set; }

    /// <summary>Fills a new cluster.</summary>
    /// <param name="version">The version that it begins at.</param>
    public void Populate(long version)
    {
        Cluster.MakeAnew(version);
        foreach (var service in Workloads.Solid)
            Workloads.Create(service, 2);
        foreach (var service in Workloads.Brittle)
            Workloads.Create(service, 1);
        Routes.Create();
    }

    /// <summary>What the operator set.</summary>
    public RoutingOptions Routing { get; } = new();

    /// <summary>How storage is used.</summary>
    public StorageOptions StorageOptions { get; init; } = new()
    {
        ConnectionString = "BlobEndpoint=http://storage.invalid;SharedAccessSignature=sv=2030-01-01&sig=simulation",
    };

    /// <summary>The proxy of that name.</summary>
    public ProxyHost Host(string name) => Hosts.First(host => host.Name == name);

    /// <summary>Who holds the lease by storage's own clock; null for nobody.</summary>
    public string? LeaseHolder =>
        Blobs.Blobs.GetValueOrDefault(LeaseBlob) is { } lease && lease.IsLeased(World.Time) ? holders.GetValueOrDefault(lease.Lease) : null;

    /// <summary>Notes what follows from an instance's calls to storage.</summary>
    public Action<BlobRequest, BlobResponse> CallDone(string instance) => (request, response) =>
    {
        if (response.Status is 200 or 201 && request["x-ms-lease-action"] is "acquire")
            holders[request["x-ms-proposed-lease-id"]!] = instance;
    };
}
