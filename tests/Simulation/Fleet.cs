using System.Globalization;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Storage;

namespace IngressReconciler.Simulation;

/// <summary>The instances of the function: they start, die, stand still and end.</summary>
/// <param name="surroundings">What they have around them.</param>
public sealed class Fleet(Surroundings surroundings)
{
    private readonly World world = surroundings.World;
    private readonly List<Instance> all = [];
    private readonly Dictionary<string, string?> places = [];
    private int started;

    /// <summary>Those that are not killed.</summary>
    public IReadOnlyList<Instance> Living => [.. all.Where(one => one.Life.IsAlive)];

    /// <summary>Those that can be asked for something.</summary>
    public IReadOnlyList<Instance> There => [.. all.Where(one => one.IsThere)];

    /// <summary>Resyncs that were done.</summary>
    public int Resyncs { get; private set; }

    /// <summary>Resyncs that were done when the faults ended.</summary>
    public int ResyncsAtHeal { get; private set; }

    /// <summary>Whether one has ended while a push was under way.</summary>
    public bool LeftPushes { get; private set; }

    /// <summary>Starts one.</summary>
    /// <param name="place">The place that it runs in; null for none.</param>
    public void Start(string? place)
    {
        if (place is not null && all.Exists(one => one.Life.IsAlive && one.Place == place))
            place = null; // who runs there has the file locked
        var name = string.Create(CultureInfo.InvariantCulture, $"i{++started}");
        places[name] = place;
        all.Add(new(surroundings, name, place));
    }

    /// <summary>Kills one; another takes its place, or starts elsewhere, after a while.</summary>
    public void Kill()
    {
        if (Living is not { Count: > 0 } living)
            return;
        var one = world.Pick(living);
        one.Kill();
        all.Remove(one);
        world.After(world.Between(300, 20_000), () => Start(world.Chance(0.7) ? one.Place : null));
    }

    /// <summary>One gets no time for a while.</summary>
    public void Starve()
    {
        if (There is not { Count: > 0 } there)
            return;
        var one = world.Pick(there);
        var time = world.Chance(0.5) ? world.Between(100, 3000) : world.Between(10_000, 30_000);
        world.Note($"{one.Name} stands still");
        one.Life.Starve();
        world.After(time, () => GoOn(one));
    }

    /// <summary>One cannot reach storage for a while, and perhaps loses its lease by that.</summary>
    public void CutOffFromStorage()
    {
        if (There is not { Count: > 0 } there)
            return;
        var one = world.Pick(there);
        world.Note($"{one.Name} cannot reach storage");
        one.Storage.OutUntil = world.Now + world.Between(500, 30_000);
    }

    /// <summary>One ends in order, as on a deployment; another starts.</summary>
    public void Replace()
    {
        if (There is not { Count: > 0 } there)
            return;
        var one = world.Pick(there);
        Start(place: $"{Guid(started + 100)}");
        Stop(one, () => { });
    }

    /// <summary>Ends all in order.</summary>
    public void Stop(Action then)
    {
        var left = There.Count;
        if (left == 0)
            then();
        foreach (var one in There)
        {
            Stop(one, () =>
            {
                if (--left == 0)
                    then();
            });
        }
    }

    /// <summary>Has any one list the cluster and look at every proxy.</summary>
    public void Resync()
    {
        if (There is not { Count: > 0 } there)
            return;
        var one = world.Pick(there);
        world.Note($"{one.Name} is to resync");
        one.Reconciler.ResyncAsync(confirmed: false, CancellationToken.None).ContinueWith(
            task =>
            {
                if (task.Exception?.InnerException is { } e and not (StorageUnavailableException or OperationCanceledException))
                    world.Fail("no bug", $"a resync of {one.Name} failed: {e}");
                else if (task.IsCompletedSuccessfully)
                {
                    var report = task.Result;
                    world.Note($"{one.Name} has resynced: {report.Missed} missed, {report.Corrected} corrected, {report.Drift} drift");
                    if (report.Failures.IsEmpty)
                        Resyncs++;
                }
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>All that stood still go on, and one runs at least.</summary>
    public void Heal()
    {
        foreach (var one in all)
        {
            one.Storage.OutUntil = TimeSpan.Zero;
            GoOn(one);
        }

        if (There.Count == 0)
            Start(place: null);
        ResyncsAtHeal = Resyncs;
    }

    /// <summary>Whether one instance came after the other in the same place, under the same id.</summary>
    public bool AreOnePlace(string one, string other) =>
        places.GetValueOrDefault(one) is { } place && place == places.GetValueOrDefault(other);

    /// <summary>Takes what is left off the process's lists.</summary>
    public void Forget()
    {
        foreach (var one in all)
            one.Forget();
    }

    /// <summary>A place's id.</summary>
    public static Guid Guid(int number) => new(number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

    private void GoOn(Instance one)
    {
        if (!one.Life.IsStarved)
            return;
        world.Note($"{one.Name} goes on");
        one.Life.GoOn();
    }

    private void Stop(Instance one, Action then) => one.DisposeAsync().AsTask().ContinueWith(
        task =>
        {
            all.Remove(one);
            one.Forget();
            LeftPushes |= one.Reconciler.Workers.Any(worker => worker.WasLeft);
            if (task.Exception is { } e)
                world.Fail("no bug", $"{one.Name} does not end in order: {e.InnerException}");
            then();
        },
        CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
}
