using IngressReconciler.Cluster;
using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation;

/// <summary>How a run ended.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Violation">What did not hold; null for nothing.</param>
/// <param name="Hash">The trace's hash.</param>
/// <param name="Steps">How many events there were.</param>
/// <param name="Lasted">How long it lasted in the world.</param>
/// <param name="Last">The last lines of the trace.</param>
public sealed record Outcome(int Seed, Violation? Violation, ulong Hash, int Steps, TimeSpan Lasted, IReadOnlyList<string> Last);

/// <summary>One run: a cluster in service, then happenings and faults, then quiet, in which everything has to come to rest.</summary>
public sealed class SimulationRun
{
    private static readonly TimeSpan QuietAtMost = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenResyncs = TimeSpan.FromSeconds(60);

    private readonly World world;
    private readonly Surroundings surroundings;
    private readonly Happenings happenings;
    private readonly EventDelivery relay;
    private readonly Fleet fleet;
    private readonly Invariants.Watch watch;
    private TimeSpan quietSince;
    private TimeSpan nextResync;

    private SimulationRun(int seed, Action<string>? shown)
    {
        world = new(seed, shown);
        surroundings = new(world, proxies: 1 + world.Random.Next(2), areText: world.Chance(0.15));
        fleet = new(surroundings);
        watch = new(surroundings, fleet);
        relay = new(world, () => fleet.There, watch.Accepted);
        happenings = new(surroundings, fleet, relay);
        world.Settled = watch.Look;
    }

    /// <summary>Runs a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="shown">Where each line of the trace is shown; null for nowhere.</param>
    public static Outcome Of(int seed, Action<string>? shown = null)
    {
        var run = new SimulationRun(seed, shown);
        run.Begin();
        run.world.Run();
        run.fleet.Forget();
        var world = run.world;
        return new(seed, world.Violation, world.Trace.Hash, world.Steps, world.Now, [.. world.Trace.Last]);
    }

    private void Begin()
    {
        surroundings.Populate(100 + world.Random.Next(100));
        surroundings.Cluster.Changed = change =>
        {
            world.Note($"cluster: {(change is Applied ? "applied" : "deleted")} {change.Key} {change.ResourceVersion}");
            relay.Take(change);
        };
        foreach (var host in surroundings.Hosts)
            world.After(world.Between(0, 3000), host.Start);
        foreach (var host in surroundings.TextHosts)
            world.After(world.Between(0, 3000), host.Start);
        happenings.Begin(end: Quiet);
    }

    /// <summary>The faults end; from now on all has to come to rest.</summary>
    private void Quiet()
    {
        world.Note("quiet");
        quietSince = world.Now;
        happenings.Heal();
        fleet.Heal();
        nextResync = world.Now + world.Between(1000, 20_000);
        world.After(BetweenLooks, LookWhetherAtRest);
    }

    private void LookWhetherAtRest()
    {
        if (world.Now >= nextResync)
        {
            nextResync = world.Now + BetweenResyncs;
            fleet.Resync();
        }

        if (relay.Pending == 0 && fleet.Resyncs > fleet.ResyncsAtHeal && watch.WhatIsLeft() is null)
        {
            world.Note("at rest");
            fleet.Stop(() =>
            {
                watch.AfterStop();
                world.End();
            });
            return;
        }

        if (world.Now - quietSince > QuietAtMost)
            world.Fail("comes to rest", watch.WhatIsLeft() ?? $"{relay.Pending} events are not taken, {fleet.Resyncs} resyncs");
        else
            world.After(BetweenLooks, LookWhetherAtRest);
    }
}
