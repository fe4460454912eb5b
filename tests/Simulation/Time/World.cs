namespace IngressReconciler.Simulation.Time;

/// <summary>
/// The one loop under one seed. It is an item of the thread pool, which has a single worker: whenever it runs and nothing else is queued,
/// all code of the product waits for an answer or a timer, and the loop makes the next event happen. So the same seed gives the same run.
/// </summary>
public sealed class World : IThreadPoolWorkItem
{
    private const int MostSteps = 1_000_000;
    private const int MostStepsAtOnce = 20_000;

    private readonly PriorityQueue<Action, (long At, long Number)> events = new();
    private readonly TaskCompletionSource ended = new();
    private long number;
    private int steps;
    private int stepsAtOnce;

    /// <summary>Begins at a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="shown">Where each line of the trace is shown; null for nowhere.</param>
    public World(int seed, Action<string>? shown)
    {
        Random = new(seed);
        Trace = new(shown);
    }

    /// <summary>Everything that is left to chance.</summary>
    public Random Random { get; }

    /// <summary>What happened, in order.</summary>
    public Trace Trace { get; }

    /// <summary>Time since the beginning, in ticks.</summary>
    public long Ticks { get; private set; }

    /// <summary>Time since the beginning.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(Ticks);

    /// <summary>The true time.</summary>
    public DateTimeOffset Time => Start + Now;

    /// <summary>When every run begins.</summary>
    public static DateTimeOffset Start { get; } = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>What did not hold, the first; null for nothing.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>Called after each event, when all that follows from it has happened.</summary>
    public Action? Settled { get; set; }

    /// <summary>How many events there were.</summary>
    public int Steps => steps;

    /// <summary>Makes something happen later.</summary>
    public void After(TimeSpan delay, Action happens) =>
        events.Enqueue(happens, (Ticks + Math.Max(0, delay.Ticks), number++));

    /// <summary>Says that an invariant does not hold. The run ends with it.</summary>
    public void Fail(string invariant, string what)
    {
        if (Violation is not null)
            return;
        Violation = new(invariant, what, Now);
        Note($"VIOLATION {invariant}: {what}");
    }

    /// <summary>Ends the run.</summary>
    public void End() => events.Clear();

    /// <summary>Adds a line to the trace.</summary>
    public void Note(string line) => Trace.Add(Ticks, line);

    /// <summary>Whether chance has it, once in so many times; 0 for never.</summary>
    public bool Chance(double probability) => probability > 0 && Random.NextDouble() < probability;

    /// <summary>A time between two, the shorter ones more often.</summary>
    public TimeSpan Between(double fewestMilliseconds, double mostMilliseconds)
    {
        var share = Random.NextDouble();
        return TimeSpan.FromMilliseconds(fewestMilliseconds + ((mostMilliseconds - fewestMilliseconds) * share * share));
    }

    /// <summary>One of several.</summary>
    public T Pick<T>(IReadOnlyList<T> all) => all[Random.Next(all.Count)];

    /// <summary>Runs until nothing more happens, or an invariant does not hold.</summary>
    public void Run()
    {
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        ended.Task.Wait();
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            if (ThreadPool.PendingWorkItemCount == 0 && !Step())
            {
                ended.SetResult();
                return;
            }
        }
        catch (Exception e)
        {
            Fail("the simulation itself", e.ToString());
            ended.SetResult();
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool Step()
    {
        if (steps > 0)
            Settled?.Invoke();
        if (Violation is not null || !events.TryDequeue(out var happens, out var at))
            return false;
        stepsAtOnce = at.At == Ticks ? stepsAtOnce + 1 : 0;
        Ticks = at.At;
        if (++steps > MostSteps || stepsAtOnce > MostStepsAtOnce)
            Fail("bounded", $"there is no end: {steps} events, {stepsAtOnce} of them at one instant");
        else
            happens();
        return true;
    }
}

/// <summary>An invariant that does not hold.</summary>
/// <param name="Invariant">Which.</param>
/// <param name="What">What was seen instead.</param>
/// <param name="At">When, since the beginning.</param>
public sealed record Violation(string Invariant, string What, TimeSpan At);
