using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Simulation.Proxies;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>All invariants of a run.</summary>
public sealed class Watch
{
    private readonly Surroundings surroundings;
    private readonly Fleet fleet;
    private readonly JournalOracle journal;
    private readonly OneWriter writer;
    private readonly MakeBeforeBreak order;
    private readonly Proof proof;
    private readonly AtRest rest;

    /// <summary>Begins to watch.</summary>
    public Watch(Surroundings surroundings, Fleet fleet)
    {
        (this.surroundings, this.fleet) = (surroundings, fleet);
        journal = new(surroundings);
        writer = new(surroundings, fleet);
        order = new(surroundings);
        proof = new(surroundings, journal);
        rest = new(surroundings, fleet, journal);
        foreach (var host in surroundings.Hosts)
            host.Watch = Command;
    }

    /// <summary>Looks, after each event.</summary>
    public void Look()
    {
        foreach (var instance in fleet.Living)
            proof.Look(instance);
    }

    /// <summary>An instance said that it has journalled these.</summary>
    public void Accepted(Instance instance, ResourceChange[] changes)
    {
        // In a history that went back, one version may stand for two states of an object.
        if (surroundings.History != ClusterHistories.One)
            return;
        foreach (var change in changes)
        {
            if (journal.Desired.Cluster.Accepts(ReadFields.Only(change)))
                surroundings.World.Fail("what is taken is journalled", $"{instance.Name} took {change.Key} {change.ResourceVersion}");
        }
    }

    /// <summary>What of the cluster is not served yet; null for nothing.</summary>
    public string? WhatIsLeft() => rest.WhatIsLeft();

    /// <summary>All instances have ended in order.</summary>
    public void AfterStop()
    {
        new History(surroundings).Check();
        if (surroundings.LeaseHolder is { } holder && !fleet.LeftPushes)
            surroundings.World.Fail("the lease is given back", $"{holder} has ended in order and holds it");
    }

    private void Command(ProxyCommand told, bool isDone)
    {
        if (isDone)
            order.Look(told);
        else
            writer.Look(told);
    }
}
