using System.Collections.Immutable;
using System.Diagnostics;

namespace IngressReconciler.Relay;

/// <summary>An event that waits to be published.</summary>
/// <param name="Key">What it tells of; a newer event of the same key replaces it.</param>
/// <param name="Bytes">The CloudEvent, UTF-8 JSON.</param>
/// <param name="Trace">The trace that began with it; <c>default</c> for none.</param>
public sealed record WaitingEvent(string Key, byte[] Bytes, ActivityContext Trace = default);

/// <summary>
/// Events that wait to be published: of each object the newest only, so that a slow sink costs memory for what differs and never for how often
/// it changed. Safe to use from several threads; one takes.
/// </summary>
/// <param name="room">Bytes beyond which lists wait before they put in more. Single changes never wait.</param>
public sealed class Outbox(int room)
{
    private readonly Lock gate = new();
    private readonly LinkedList<WaitingEvent> order = [];
    private readonly Dictionary<string, LinkedListNode<WaitingEvent>> byKey = new(StringComparer.Ordinal);
    private TaskCompletionSource filled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource emptied = Completed();
    private long bytes;
    private bool closed;

    /// <summary>How many events wait.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return byKey.Count;
        }
    }

    /// <summary>Their bytes.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
                return bytes;
        }
    }

    /// <summary>Puts an event in; it keeps the place of an older one of the same key.</summary>
    public void Put(WaitingEvent one)
    {
        lock (gate)
        {
            if (byKey.TryGetValue(one.Key, out var node))
            {
                bytes += one.Bytes.Length - node.Value.Bytes.Length;
                node.Value = one;
            }
            else
            {
                byKey[one.Key] = order.AddLast(one);
                bytes += one.Bytes.Length;
            }

            if (bytes > room && emptied.Task.IsCompleted)
                emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
            filled.TrySetResult();
        }
    }

    /// <summary>Completes when there is room for a list's objects.</summary>
    public Task RoomAsync(CancellationToken cancel)
    {
        lock (gate)
            return emptied.Task.WaitAsync(cancel);
    }

    /// <summary>Nothing will be put in any more.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            filled.TrySetResult();
        }
    }

    /// <summary>Takes the oldest events, together at most so many bytes but at least one; waits until there is one. None when it is closed and empty.</summary>
    public async Task<ImmutableArray<WaitingEvent>> TakeAsync(int most, CancellationToken cancel)
    {
        while (true)
        {
            Task something;
            lock (gate)
            {
                if (order.Count > 0 || closed)
                    return Take(most);
                if (filled.Task.IsCompleted)
                    filled = new(TaskCreationOptions.RunContinuationsAsynchronously);
                something = filled.Task;
            }

            await something.WaitAsync(cancel);
        }
    }

    /// <summary>Puts events back that could not be published, at their old place, unless there is a newer one by now.</summary>
    public void PutBack(ImmutableArray<WaitingEvent> events)
    {
        lock (gate)
        {
            foreach (var one in events.Reverse())
            {
                if (byKey.ContainsKey(one.Key))
                    continue;
                byKey[one.Key] = order.AddFirst(one);
                bytes += one.Bytes.Length;
            }

            if (order.Count > 0)
                filled.TrySetResult();
        }
    }

    /// <summary>Called under the gate.</summary>
    private ImmutableArray<WaitingEvent> Take(int most)
    {
        var taken = ImmutableArray.CreateBuilder<WaitingEvent>();
        var size = 0L;
        while (order.First is { Value: var one } && (taken.Count == 0 || size + one.Bytes.Length <= most))
        {
            size += one.Bytes.Length + 1; // and a comma
            taken.Add(one);
            order.RemoveFirst();
            byKey.Remove(one.Key);
        }

        bytes -= taken.Sum(one => (long)one.Bytes.Length);
        if (bytes <= room)
            emptied.TrySetResult();
        return taken.DrainToImmutable();
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
