namespace IngressReconciler.Simulation.Time;

/// <summary>
/// Whether one instance runs. After SIGKILL nothing reaches it any more, so nothing of it runs on; while it is starved, all that would
/// reach it waits.
/// </summary>
/// <param name="world">The world.</param>
public sealed class InstanceLife(World world)
{
    private readonly List<(bool IsTimer, Action Happens)> waiting = [];
    private bool isStarved;

    /// <summary>Whether it was not killed.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>Whether it stands still.</summary>
    public bool IsStarved => isStarved;

    /// <summary>Makes something happen to the instance later.</summary>
    /// <param name="delay">How much later.</param>
    /// <param name="isTimer">Whether it is a timer of its own, or else an answer from outside.</param>
    /// <param name="happens">What happens.</param>
    public void After(TimeSpan delay, bool isTimer, Action happens) => world.After(delay, () =>
    {
        if (isStarved)
            waiting.Add((isTimer, happens));
        else if (IsAlive)
            happens();
    });

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        IsAlive = false;
        waiting.Clear();
    }

    /// <summary>It gets no time from now on.</summary>
    public void Starve() => isStarved = true;

    /// <summary>It gets time again: what waited comes at once, timers first or answers first.</summary>
    public void GoOn()
    {
        isStarved = false;
        var timersFirst = world.Chance(0.5);
        foreach (var (_, happens) in waiting.OrderBy(one => one.IsTimer != timersFirst).ToArray())
            world.After(TimeSpan.Zero, () => { if (IsAlive) happens(); });
        waiting.Clear();
    }
}
