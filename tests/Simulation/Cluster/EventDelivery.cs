using IngressReconciler.Cluster;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Storage;

namespace IngressReconciler.Simulation.Cluster;

/// <summary>
/// The watch, the relay and Event Grid: each change becomes an event to any instance. Events get lost, come twice, late and in any order,
/// and are sent again when they are not taken.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="instances">Those that there are now.</param>
/// <param name="accepted">Told of what an instance said it has journalled.</param>
public sealed class EventDelivery(World world, Func<IReadOnlyList<Instance>> instances, Action<Instance, ResourceChange[]> accepted)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    private readonly List<ResourceChange> together = [];

    /// <summary>How many events get lost, of all.</summary>
    public double Lost { get; set; }

    /// <summary>How many come twice.</summary>
    public double Doubled { get; set; }

    /// <summary>How many are late by up to a minute.</summary>
    public double Late { get; set; }

    /// <summary>Events that are not taken yet.</summary>
    public int Pending { get; private set; }

    /// <summary>All is well.</summary>
    public void Heal() => (Lost, Doubled, Late) = (0, 0, 0);

    /// <summary>Takes a change that the watch told of.</summary>
    public void Take(ResourceChange change)
    {
        if (world.Chance(Lost))
        {
            world.Note($"lost: {Describe(change)}");
            return;
        }

        for (var times = world.Chance(Doubled) ? 2 : 1; times > 0; times--)
            Send([change], world.Chance(Late) ? world.Between(1000, 60_000) : world.Between(1, 80));
    }

    private void Send(ResourceChange[] changes, TimeSpan after)
    {
        Pending++;
        world.After(after, () =>
        {
            Pending--;
            together.AddRange(changes);
            if (together.Count < 5 && Pending > 0 && world.Chance(0.2))
                return; // goes with the next
            var batch = together.ToArray();
            together.Clear();
            Deliver(batch);
        });
    }

    private void Deliver(ResourceChange[] changes)
    {
        var there = instances();
        if (there.Count == 0)
        {
            Send(changes, world.Between(500, 3000));
            return;
        }

        var instance = world.Pick(there);
        world.Note($"to {instance.Name}: {string.Join(", ", changes.Select(Describe))}");
        var isAnswered = false;
        Pending++;
        var taken = instance.Reconciler.AcceptAsync(changes.Select(change => change with { Origin = new(world.Time, default) }));
        taken.ContinueWith(
            task => Answered(task.IsCanceled ? new OperationCanceledException() : task.Exception?.InnerException),
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        world.After(AnswerWithin, () => Answered(new TimeoutException()));

        void Answered(Exception? failure)
        {
            if (isAnswered)
                return;
            isAnswered = true;
            Pending--;
            if (failure is null)
            {
                world.Note($"taken by {instance.Name}: {string.Join(", ", changes.Select(Describe))}");
                accepted(instance, changes);
                return;
            }

            if (failure is not (TimeoutException or StorageUnavailableException or OperationCanceledException))
            {
                // The reconciler reads everything anew after a bug; a bug is reported by its log.
                world.Note($"not taken by {instance.Name}: {failure.GetType().Name}");
            }

            Send(changes, world.Between(500, 5000));
        }
    }

    private static string Describe(ResourceChange change) => $"{(change is Applied ? "" : "no ")}{change.Key} {change.ResourceVersion}";
}
