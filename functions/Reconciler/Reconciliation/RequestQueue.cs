using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Reconciliation;

/// <summary>What waits for the next round of the loop. Everything that waits goes together.</summary>
public sealed class RequestQueue(TimeProvider time)
{
    private readonly Lock gate = new();
    private List<Request> waiting = [];
    private Exception? closed;
    private TaskCompletionSource signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether nobody waits.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return waiting.Count == 0;
        }
    }

    /// <summary>How long the oldest that waits has waited; zero when nobody does.</summary>
    public TimeSpan Waited
    {
        get
        {
            lock (gate)
                return waiting.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(waiting.Min(request => request.Since));
        }
    }

    /// <summary>Queues changes; none means: a round over what is there. Completes when the round is done.</summary>
    public Task Add(ImmutableArray<ResourceChange> changes)
    {
        var request = new Request(changes, time.GetTimestamp());
        lock (gate)
        {
            if (closed is not null)
                return Task.FromException(closed);
            waiting.Add(request);
        }

        Wake();
        return request.Done.Task;
    }

    /// <summary>Lets <see cref="WaitAsync"/> return.</summary>
    public void Wake()
    {
        lock (gate)
            signal.TrySetResult();
    }

    /// <summary>Waits until there may be something to do; false when that has taken too long.</summary>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancel)
    {
        Task woken;
        lock (gate)
            woken = signal.Task;
        try
        {
            await woken.WaitAsync(atMost, time, cancel);
        }
        catch (TimeoutException)
        {
            return false;
        }

        lock (gate)
        {
            if (signal.Task.IsCompleted)
                signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return true;
    }

    /// <summary>Takes all that wait.</summary>
    public RequestBatch Take()
    {
        lock (gate)
        {
            var taken = waiting;
            waiting = [];
            return new([.. taken]);
        }
    }

    /// <summary>It is not our turn: the requests, journalled by now, wait on. Those that have waited long enough are answered.</summary>
    public void PutBack(RequestBatch batch, TimeSpan giveUpAfter)
    {
        lock (gate)
        {
            foreach (var request in batch.Requests)
            {
                if (time.GetElapsedTime(request.Since) > giveUpAfter)
                    request.Done.TrySetResult();
                else
                    waiting.Insert(0, request);
            }
        }
    }

    /// <summary>Nobody who waits can be served: all are told why.</summary>
    public void Fail(Exception why) => Take().Fail(why);

    /// <summary>The same, and for all who come later.</summary>
    public void Close(Exception why)
    {
        lock (gate)
            closed = why;
        Fail(why);
    }
}

/// <summary>Changes of one caller.</summary>
/// <param name="Changes">The changes.</param>
/// <param name="Since">Timestamp of their arrival.</param>
public sealed record Request(ImmutableArray<ResourceChange> Changes, long Since)
{
    /// <summary>Completed when proxies run what follows from them.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
