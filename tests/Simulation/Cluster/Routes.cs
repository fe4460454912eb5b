using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation.Cluster;

/// <summary>
/// Ingresses. Those of the steady hosts lead, in every state that was ever written, all of their requests to solid Services; others come
/// and go beside them.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="cluster">The cluster.</param>
public sealed class Routes(World world, SimulatedCluster cluster)
{
    /// <summary>Requests that are to be answered at any time, whatever changes.</summary>
    public static readonly (string Host, string Path)[] Steady =
    [
        ("w1.example", "/"),
        ("w1.example", "/api/x"),
        ("w2.example", "/"),
        ("w2.example", "/deep/er"),
    ];

    /// <summary>Makes the class and the steady hosts.</summary>
    public void Create()
    {
        cluster.Apply(new IngressClass { Metadata = Meta("ours") with { Namespace = "" }, Spec = new(RoutingOptions.OwnController) });
        MoveSteady("w1");
        MoveSteady("w2");
    }

    /// <summary>Leads a steady host's paths to other solid Services, by other paths.</summary>
    public void MoveSteady(string name)
    {
        var paths = new List<IngressPath> { To("/", "Prefix", world.Pick(Workloads.Solid)) };
        if (world.Chance(0.6))
            paths.Add(To("/api", "Prefix", world.Pick(Workloads.Solid)));
        if (world.Chance(0.4))
            paths.Add(To("/deep/er", "Exact", world.Pick(Workloads.Solid)));
        Apply(name, $"{name}.example", paths);
    }

    /// <summary>Makes, changes or deletes an Ingress beside the steady ones.</summary>
    public void Change()
    {
        var name = $"x{world.Random.Next(1, 4)}";
        var key = Workloads.Key(ResourceKind.Ingress, name);
        if (cluster.Objects.ContainsKey(key) && world.Chance(0.4))
        {
            cluster.Delete(key);
            return;
        }

        // On a steady host only below /extra, where no steady request goes.
        var isBeside = world.Chance(0.4);
        var host = isBeside ? world.Pick(["w1.example", "w2.example"]) : world.Pick(["e1.example", "*.example", "e2.example", null]);
        var root = isBeside ? "/extra" : "";
        var paths = new List<IngressPath> { To(root.Length > 0 ? root : "/", "Prefix", AnyService()) };
        for (var more = world.Random.Next(4); more > 0; more--)
            paths.Add(To($"{root}/{world.Pick(["a", "b", "a/c"])}", world.Pick(["Prefix", "Exact"]), AnyService()));
        Apply(name, host, paths);
    }

    /// <summary>The class of the Ingresses that come and go: another controller's, and back.</summary>
    public void ChangeClass()
    {
        var name = $"x{world.Random.Next(1, 4)}";
        if (cluster.Find<Ingress>(Workloads.Key(ResourceKind.Ingress, name)) is { } ingress)
        {
            cluster.Apply(ingress with
            {
                Spec = ingress.Spec with { IngressClassName = ingress.Spec.IngressClassName == "ours" ? "theirs" : "ours" },
            });
        }
    }

    /// <summary>Whether a command is about nothing that a steady request needs.</summary>
    public static bool IsBeside(string command) =>
        command.Contains(":a:b", StringComparison.Ordinal) || command.Contains("/extra", StringComparison.Ordinal)
        || command.Contains("|e", StringComparison.Ordinal);

    private string AnyService() => world.Pick([.. Workloads.Solid, .. Workloads.Brittle, .. Workloads.Brittle]);

    private void Apply(string name, string? host, List<IngressPath> paths) => cluster.Apply(new Ingress
    {
        Metadata = Meta(name),
        Spec = new() { IngressClassName = "ours", Rules = [new(host, new([.. paths]))] },
    });

    private static ObjectMeta Meta(string name) => Workloads.Meta(name);

    private static IngressPath To(string path, string type, string service) =>
        new(path, type, new(new(service, new(null, 80)), null));
}
