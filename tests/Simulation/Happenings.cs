using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Proxies;
using IngressReconciler.Simulation.TextProxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Tests.Harness.Simulated;

namespace IngressReconciler.Simulation;

/// <summary>What happens to the cluster and what goes wrong, drawn for each seed: which kinds of fault there are, and how often.</summary>
public sealed class Happenings
{
    private readonly World world;
    private readonly Surroundings surroundings;
    private readonly Fleet fleet;
    private readonly EventDelivery relay;
    private readonly List<(double Weight, Action Happens)> kinds = [];
    private readonly int count;
    private readonly double pace;
    private bool isQuiet;

    /// <summary>Draws them.</summary>
    public Happenings(Surroundings surroundings, Fleet fleet, EventDelivery relay)
    {
        (world, this.surroundings, this.fleet, this.relay) = (surroundings.World, surroundings, fleet, relay);
        count = world.Random.Next(30, 80);
        pace = world.Pick([60.0, 300, 1500]);
        Cluster();
        if (world.Chance(0.85))
            Faults();
    }

    /// <summary>Starts the instances and whatever is to come; at the end it is quiet.</summary>
    public void Begin(Action end)
    {
        var instances = world.Random.Next(1, 4);
        for (var i = 1; i <= instances; i++)
        {
            var place = world.Chance(0.7) ? $"{Fleet.Guid(i)}" : null;
            world.After(world.Between(0, 2000), () => fleet.Start(place));
        }

        world.After(world.Between(0, 30_000), ResyncNowAndThen);
        Next(count, end);
    }

    /// <summary>No more faults.</summary>
    public void Heal()
    {
        isQuiet = true;
        relay.Heal();
        surroundings.StorageFaults.Heal();
        surroundings.ApiServer.Heal();
        foreach (var host in surroundings.Hosts)
        {
            (host.CutOffUntil, host.StalledUntil) = (default, default);
            host.Refuses = host.Ignores = (_ => false, default);
            if (host.Process is null)
                host.Start();
        }

        foreach (var host in surroundings.TextHosts)
        {
            host.Lost = 0;
            if (host.Stored is null)
                host.Start();
        }
    }

    private void Next(int left, Action end)
    {
        if (left == 0)
        {
            end();
            return;
        }

        world.After(world.Between(0, pace * 4), () =>
        {
            Draw()();
            Next(left - 1, end);
        });
    }

    private Action Draw()
    {
        var at = world.Random.NextDouble() * kinds.Sum(kind => kind.Weight);
        foreach (var (weight, happens) in kinds)
        {
            at -= weight;
            if (at < 0)
                return happens;
        }

        return kinds[0].Happens;
    }

    private void Cluster()
    {
        var (workloads, routes) = (surroundings.Workloads, surroundings.Routes);
        kinds.Add((6, () => workloads.Roll(world.Pick([.. Workloads.Solid, .. Workloads.Brittle]))));
        kinds.Add((2, () => workloads.Flap(world.Pick([.. Workloads.Solid, .. Workloads.Brittle]))));
        kinds.Add((4, () => routes.MoveSteady(world.Pick(["w1", "w2"]))));
        kinds.Add((4, routes.Change));
        kinds.Add((1, routes.ChangeClass));
        kinds.Add((1, () => workloads.Empty(world.Pick(Workloads.Brittle))));
        kinds.Add((1, () => workloads.Toggle(world.Pick(Workloads.Brittle))));
        kinds.Add((1, () => workloads.Expose(world.Pick(Workloads.Solid), isH2: world.Chance(0.5))));
    }

    private void Faults()
    {
        var storage = surroundings.StorageFaults;
        if (world.Chance(0.5))
            (relay.Lost, relay.Doubled, relay.Late) = (Rate(0.3), Rate(0.3), Rate(0.3));
        if (world.Chance(0.4))
            (storage.AnswerLost, storage.RequestLost, storage.Busy) = (Rate(0.1), Rate(0.1), Rate(0.2));
        if (world.Chance(0.3))
            storage.Slow = Rate(0.1);
        if (world.Chance(0.3))
            storage.Slowest = world.Random.Next(100, 600);
        if (world.Chance(0.3))
            (surroundings.ApiServer.Away, surroundings.ApiServer.Partial) = (Rate(0.5), Rate(0.5));
        if (world.Chance(0.3))
            kinds.Add((1, () => storage.OutUntil = world.Now + world.Between(100, 25_000)));
        if (world.Chance(0.5))
            kinds.Add((Rate(2), fleet.Kill));
        if (world.Chance(0.4))
            kinds.Add((Rate(2), fleet.Starve));
        if (world.Chance(0.3))
            kinds.Add((Rate(1), fleet.Replace));
        if (world.Chance(0.3))
            kinds.Add((Rate(2), () => fleet.Resync()));
        if (world.Chance(0.3))
            kinds.Add((Rate(1), () => fleet.CutOffFromStorage()));
        Histories();
        ProxyFaults();
    }

    /// <summary>The cluster's history goes back, or begins anew; at most one of them, once.</summary>
    private void Histories()
    {
        var cluster = surroundings.Cluster;
        if (world.Chance(0.15))
        {
            kinds.Add((1, cluster.BackUp));
            kinds.Add((1, GoBack));
        }
        else if (world.Chance(0.08))
        {
            kinds.Add((0.5, BeginAnew));
        }

        void GoBack()
        {
            if (surroundings.History != ClusterHistories.One || !cluster.Restore())
                return;
            world.Note($"etcd is put back to {cluster.Version}");
            surroundings.History = ClusterHistories.WentBack;
            surroundings.Workloads.WriteAll();
        }

        void BeginAnew()
        {
            if (surroundings.History != ClusterHistories.One)
                return;
            world.Note("the cluster is made anew");
            surroundings.History = ClusterHistories.Another;
            surroundings.Workloads.Forget();
            surroundings.Populate(world.Chance(0.5) ? 20 : cluster.Version + 1000);
        }
    }

    private void ProxyFaults()
    {
        foreach (var host in surroundings.TextHosts)
        {
            if (world.Chance(0.3))
                host.Slowest = world.Random.Next(10, 600);
            if (world.Chance(0.4))
                host.Lost = Rate(0.2);
            if (world.Chance(0.4))
                kinds.Add((Rate(2), () => Restart(host)));
        }

        foreach (var host in surroundings.Hosts)
        {
            if (world.Chance(0.3))
                host.Slowest = world.Random.Next(10, 600);
            if (world.Chance(0.4))
                kinds.Add((Rate(2), () => Restart(host)));
            if (world.Chance(0.4))
                kinds.Add((Rate(2), host.CutOneSession));
            if (world.Chance(0.3))
                kinds.Add((Rate(1), () => CutOff(host)));
            if (world.Chance(0.3))
                kinds.Add((Rate(2), () => host.StalledUntil = world.Now + world.Between(10, 2000)));
            if (world.Chance(0.2))
                kinds.Add((Rate(1), () => Refuse(host)));
        }
    }

    private void Restart(ProxyHost host)
    {
        if (host.Process is null)
            return;
        world.Note($"{host.Name} ends");
        host.Stop();
        world.After(world.Chance(0.5) ? world.Between(1, 300) : world.Between(300, 8000), () =>
        {
            if (host.Process is null)
                host.Start();
        });
    }

    private void Restart(TextHost host)
    {
        if (host.Stored is null)
            return;
        world.Note($"{host.Name} ends");
        host.Stop();
        world.After(world.Between(1, 8000), () =>
        {
            if (host.Stored is null)
                host.Start();
        });
    }

    private void CutOff(ProxyHost host)
    {
        world.Note($"{host.Name} is cut off");
        host.CutOffUntil = world.Now + world.Between(50, 8000);
    }

    private void Refuse(ProxyHost host)
    {
        var verb = world.Pick(["add server", "add backend", "add map virt@routes", "set map virt@routes", "set server", "publish backend"]);
        world.Note($"{host.Name} refuses or ignores '{verb}'");
        if (world.Chance(0.3))
            host.Ignores = (Which, world.Now + world.Between(10, 2000));
        else
            host.Refuses = (Which, world.Now + world.Between(10, 4000));

        // Never what a steady request needs: what a proxy refuses it does not do.
        bool Which(AdminCommand command) => command.Line.StartsWith(verb, StringComparison.Ordinal) && Routes.IsBeside(command.Line);
    }

    private void ResyncNowAndThen()
    {
        if (isQuiet)
            return;
        fleet.Resync();
        world.After(world.Between(10_000, 90_000), ResyncNowAndThen);
    }

    private double Rate(double most) => most * world.Random.NextDouble();
}
