using IngressReconciler.Simulation.Proxies;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>
/// A proxy gets changing commands only from the instance that holds the lease by storage's own clock: it holds it when it sends them, and
/// nobody else does when they arrive. What only removes what HAProxy itself knows to be out of use needs no lease.
/// </summary>
/// <param name="surroundings">The run.</param>
/// <param name="fleet">The instances.</param>
public sealed class OneWriter(Surroundings surroundings, Fleet fleet)
{
    /// <summary>A packet that takes longer than a lease's last fifth is no command of ours to fence: TCP has no deadline.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromSeconds(3);

    private readonly World world = surroundings.World;

    /// <summary>Looks at a command that has arrived.</summary>
    public void Look(in ProxyCommand told)
    {
        if (!told.Command.Changes || told.Command.Sweeps)
            return;
        if (told.Holder != told.By)
        {
            world.Fail(
                "one writer", $"{told.By} sent '{told.Command.Line}' to {told.Proxy.Name} while {told.Holder ?? "nobody"} held the lease");
        }
        else if (surroundings.LeaseHolder is { } now && now != told.By
            && world.Now - told.Sent < UnderWay && !fleet.AreOnePlace(now, told.By))
        {
            world.Fail("one writer", $"'{told.Command.Line}' of {told.By} arrived at {told.Proxy.Name} while {now} held the lease");
        }
    }
}
