using IngressReconciler.Cluster;

namespace IngressReconciler.Workers;

/// <summary>Up to which journal position a proxy was seen to run what follows from it, and who waits for one. Its user locks it.</summary>
internal sealed class ReachedPosition
{
    private readonly List<(JournalPosition Position, TaskCompletionSource Waiter)> waiting = [];
    private JournalPosition reached = JournalPosition.Start;

    /// <summary>Whether a position is reached.</summary>
    public bool Has(JournalPosition position) => position <= reached;

    /// <summary>Completes when a position is reached, or nobody is to wait any more. Never fails.</summary>
    public Task WaitAsync(JournalPosition position)
    {
        if (Has(position))
            return Task.CompletedTask;
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Add((position, waiter));
        return waiter.Task;
    }

    /// <summary>Takes a position, and tells those who waited for it or an earlier one.</summary>
    public void Take(JournalPosition position)
    {
        reached = position;
        foreach (var (_, waiter) in waiting.Where(one => one.Position <= position))
            waiter.TrySetResult();
        waiting.RemoveAll(one => one.Position <= position);
    }

    /// <summary>Nothing is known to be reached. Who waits goes on waiting.</summary>
    public void Forget() => reached = JournalPosition.Start;

    /// <summary>Nobody is to wait any more.</summary>
    public void Release()
    {
        foreach (var (_, waiter) in waiting)
            waiter.TrySetResult();
        waiting.Clear();
    }
}
