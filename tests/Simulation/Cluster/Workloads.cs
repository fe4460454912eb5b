using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation.Cluster;

/// <summary>A pod behind a Service.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address, which no other pod ever has.</param>
public sealed record SimulatedPod(string Name, string Address)
{
    /// <summary>Whether it is ready.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether it is being deleted.</summary>
    public bool IsTerminating { get; set; }
}

/// <summary>
/// Deployments and their pods, as the endpoint controller writes them to EndpointSlices. Of a solid Service at least one pod is ready in
/// every slice that was ever written; of a brittle one perhaps none.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="cluster">The cluster.</param>
public sealed class Workloads(World world, SimulatedCluster cluster)
{
    /// <summary>Services that always have a ready pod.</summary>
    public static readonly string[] Solid = ["s1", "s2", "s3"];

    /// <summary>Services that come and go.</summary>
    public static readonly string[] Brittle = ["b1", "b2"];

    private readonly SortedDictionary<string, List<SimulatedPod>> pods = new(StringComparer.Ordinal);
    private readonly HashSet<string> alive = new(StringComparer.Ordinal);
    private int made;

    /// <summary>Whether a pod with that address runs.</summary>
    public bool IsAlive(string address) => alive.Contains(address);

    /// <summary>Makes a Service with ready pods.</summary>
    public void Create(string service, int count)
    {
        Expose(service, isH2: false);
        pods[service] = [];
        for (var i = 0; i < count; i++)
            Start(service).IsReady = true;
        Write(service);
    }

    /// <summary>Writes the Service.</summary>
    public void Expose(string service, bool isH2) => cluster.Apply(new Service
    {
        Metadata = Meta(service),
        Spec = new() { Type = "ClusterIP", Ports = [new("http", 80, "TCP", isH2 ? "kubernetes.io/h2c" : null)] },
    });

    /// <summary>A new pod comes, and once it is ready an old one goes.</summary>
    public void Roll(string service)
    {
        if (!pods.TryGetValue(service, out var own))
            return;
        var pod = Start(service);
        Write(service);
        world.After(world.Between(5, 3000), () =>
        {
            pod.IsReady = true;
            Write(service);
            if (own.Find(one => one != pod && !one.IsTerminating) is { } old)
                world.After(world.Between(0, 500), () => Terminate(service, own, old));
        });
    }

    /// <summary>A pod fails its readiness probe for a while, unless it is the last of a solid Service.</summary>
    public void Flap(string service)
    {
        if (!pods.TryGetValue(service, out var own) || own.Count == 0)
            return;
        var pod = world.Pick(own);
        if (!pod.IsReady || pod.IsTerminating || (Solid.Contains(service) && own.Count(IsServing) < 2))
            return;
        pod.IsReady = false;
        Write(service);
        world.After(world.Between(10, 4000), () =>
        {
            pod.IsReady = true;
            Write(service);
        });
    }

    /// <summary>All pods of a brittle Service go; some come back.</summary>
    public void Empty(string service)
    {
        if (!pods.TryGetValue(service, out var own))
            return;
        foreach (var pod in own)
            alive.Remove(pod.Address);
        own.Clear();
        Write(service);
        world.After(world.Between(10, 5000), () =>
        {
            if (pods.GetValueOrDefault(service) != own)
                return;
            Start(service).IsReady = true;
            Write(service);
        });
    }

    /// <summary>A brittle Service is deleted with all that it has, or made again.</summary>
    public void Toggle(string service)
    {
        if (!pods.TryGetValue(service, out var own))
        {
            Create(service, 1);
            return;
        }

        foreach (var pod in own)
            alive.Remove(pod.Address);
        pods.Remove(service);
        cluster.Delete(Key(ResourceKind.Service, service));
        cluster.Delete(Key(ResourceKind.EndpointSlice, service + "-1"));
    }

    /// <summary>What the endpoint controller does after etcd was put back: every slice is written as the pods are now.</summary>
    public void WriteAll()
    {
        foreach (var service in pods.Keys.ToArray())
        {
            if (cluster.Find<Service>(Key(ResourceKind.Service, service)) is null)
                Expose(service, isH2: false);
            Write(service);
        }

        foreach (var service in Brittle.Where(one => !pods.ContainsKey(one)))
        {
            cluster.Delete(Key(ResourceKind.Service, service));
            cluster.Delete(Key(ResourceKind.EndpointSlice, service + "-1"));
        }
    }

    /// <summary>All pods go with their cluster.</summary>
    public void Forget()
    {
        pods.Clear();
        alive.Clear();
    }

    /// <summary>The key of one of our objects.</summary>
    public static ResourceKey Key(ResourceKind kind, string name) => new(kind, "a", name);

    /// <summary>The metadata of one of our objects.</summary>
    public static ObjectMeta Meta(string name) =>
        new() { Name = name, Namespace = "a", ResourceVersion = "", CreationTimestamp = World.Start };

    private static bool IsServing(SimulatedPod pod) => pod is { IsReady: true, IsTerminating: false };

    private SimulatedPod Start(string service)
    {
        made++;
        var name = string.Create(CultureInfo.InvariantCulture, $"{service}-p{made}");
        var pod = new SimulatedPod(name, string.Create(CultureInfo.InvariantCulture, $"10.1.{made / 200}.{1 + (made % 200)}"));
        pods[service].Add(pod);
        alive.Add(pod.Address);
        return pod;
    }

    private void Terminate(string service, List<SimulatedPod> own, SimulatedPod old)
    {
        if (Solid.Contains(service) && !own.Exists(one => one != old && IsServing(one)))
            return;
        old.IsTerminating = true;
        Write(service);
        world.After(world.Between(10, 3000), () =>
        {
            own.Remove(old);
            alive.Remove(old.Address);
            Write(service);
        });
    }

    private void Write(string service)
    {
        if (!pods.TryGetValue(service, out var own))
            return;
        cluster.Apply(new EndpointSlice
        {
            Metadata = Meta(service + "-1") with
            {
                Labels = new() { [EndpointSlice.ServiceLabel] = service, [EndpointSlice.ManagerLabel] = EndpointSlice.Controller },
            },
            AddressType = "IPv4",
            Ports = [new("http", 8080, "TCP")],
            Endpoints =
            [
                .. own.Select(pod => new SliceEndpoint(
                    [pod.Address], new(IsServing(pod), pod.IsReady, pod.IsTerminating), new("Pod", pod.Name, "a"), "n1", null)),
            ],
        });
    }
}
