using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>A whole installation on loopback: Azurite, two proxies, the handler, a cluster of which some Services' pods really answer.</summary>
internal sealed class Site : IAsyncDisposable
{
    /// <summary>About as many as Event Grid delivers at once, which is 1 MB.</summary>
    private const int EventsAPost = 500;

    private readonly TestPki pki = new();
    private readonly EchoPods pods = new();
    private readonly Random random = new(1);
    private readonly Dictionary<int, int[]> live = [];
    private AzuriteProcess? azurite;
    private int newHosts;

    public Site(SyntheticCluster cluster)
    {
        Cluster = cluster;
        Proxies = [new("one", pki, threads: 1), new("two", pki, threads: 1)];
    }

    /// <summary>Services whose pods answer, spread over the cluster.</summary>
    private const int LiveServices = 20;

    public SyntheticCluster Cluster { get; }

    public LoopbackProxy[] Proxies { get; }

    public RunningHandler Handler { get; private set; } = null!;

    /// <summary>Starts everything and brings the cluster in.</summary>
    public async Task StartAsync(bool webhook)
    {
        foreach (var i in Enumerable.Range(0, LiveServices))
        {
            var service = i * Cluster.Services / LiveServices;
            live[service] = Cluster.Pods(service);
            foreach (var pod in live[service])
                pods.Listen(Cluster.Address(pod), SyntheticCluster.PodPort);
        }

        azurite = await AzuriteProcess.StartAsync();
        await Task.WhenAll(Proxies.Select(proxy => proxy.StartAsync()));
        Handler = await RunningHandler.StartAsync(azurite, Proxies.Select(proxy => proxy.Address), pki, webhook);
        foreach (var batch in Cluster.Events().Chunk(EventsAPost))
            await Handler.PostAsync(batch);
        await Handler.SettledAsync();
    }

    /// <summary>The event that replaces one pod of a live Service by a new one, and how the new one is told from all others.</summary>
    public (byte[] Event, string Host, string Answer) ReplacePod()
    {
        var service = live.Keys.ElementAt(random.Next(live.Count));
        var pod = Cluster.NewPod();
        pods.Listen(Cluster.Address(pod), SyntheticCluster.PodPort);
        live[service] = [.. live[service][1..], pod];
        return (Cluster.Slice(service, live[service]), SyntheticCluster.Host(service), Cluster.Address(pod).ToString());
    }

    /// <summary>The event of a new Ingress for a new host that leads to a live Service.</summary>
    public (byte[] Event, string Host) NewHost()
    {
        var service = live.Keys.ElementAt(random.Next(live.Count)) + (++newHosts * Cluster.Services);
        return (Cluster.Ingress(service, extraPath: null), SyntheticCluster.Host(service));
    }

    public async ValueTask DisposeAsync()
    {
        if (Handler is not null)
            await Handler.DisposeAsync();
        foreach (var proxy in Proxies)
            await proxy.DisposeAsync();
        if (azurite is not null)
            await azurite.DisposeAsync();
        pods.Dispose();
        pki.Dispose();
    }
}
