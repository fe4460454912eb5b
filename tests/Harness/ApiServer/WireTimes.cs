using System.Collections.Concurrent;
using System.Diagnostics;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>When watch events were handed to the network, each at the first watch that got it.</summary>
public sealed class WireTimes
{
    private readonly ConcurrentDictionary<long, long> times = new();
    private readonly Pulse changed = new();

    /// <summary>The moment, as <see cref="Stopwatch.GetTimestamp"/> counts; null when no watch was told of that revision yet.</summary>
    /// <param name="resourceVersion">The object's <c>metadata.resourceVersion</c> in the event.</param>
    public long? WrittenAt(long resourceVersion) => times.TryGetValue(resourceVersion, out var time) ? time : null;

    /// <summary>The moment, once it has come.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public async Task<long> WrittenAsync(long resourceVersion, CancellationToken cancel)
    {
        await changed.UntilAsync(() => times.ContainsKey(resourceVersion), cancel);
        return times[resourceVersion];
    }

    internal void Note(long revision)
    {
        times.TryAdd(revision, Stopwatch.GetTimestamp());
        changed.Beat();
    }
}
