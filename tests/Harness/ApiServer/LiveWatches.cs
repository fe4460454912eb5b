using System.Threading.Channels;
using IngressReconciler.Tests.Harness.ApiServer.Store;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>
/// The watches whose answer begins or has begun, and has not ended. Kinds are named by their plural, by <c>plural.group</c>, or <c>*</c> for all. What is
/// done to watches here is done to those that are live now, after all that they were to be told before.
/// </summary>
public sealed class LiveWatches
{
    private readonly Lock gate = new();
    private readonly Pulse changed = new();
    private readonly List<(ApiResource Resource, ChannelWriter<WatchSignal> Watcher)> live = [];

    /// <summary>How many watches of a kind are live.</summary>
    public int Count(string plural = "*") => Of(plural).Count;

    /// <summary>Returns once so many watches of a kind, or more, are live at a time.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public Task WaitAsync(string plural, int count, CancellationToken cancel) => changed.UntilAsync(() => Count(plural) >= count, cancel);

    /// <summary>Returns once no watch of a kind is live.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public Task WaitForNoneAsync(string plural, CancellationToken cancel) => changed.UntilAsync(() => Count(plural) == 0, cancel);

    /// <summary>Ends the watches cleanly, with no bookmark.</summary>
    public void End(string plural = "*") => Tell(plural, new WatchSignal.End());

    /// <summary>Breaks their connections.</summary>
    public void Cut(string plural = "*") => Tell(plural, new WatchSignal.Cut());

    /// <summary>Breaks their connections in the middle of the next line that they write.</summary>
    public void CutNextLine(string plural = "*") => Tell(plural, new WatchSignal.CutNextLine());

    /// <summary>Half-dead connections: they stay, and nothing comes any more, not even a bookmark or an end in time.</summary>
    public void Silence(string plural = "*") => Tell(plural, new WatchSignal.Silence());

    /// <summary>Ends them with an <c>ERROR</c> event.</summary>
    public void Fail(string plural, ApiStatus status) => Tell(plural, new WatchSignal.Fail(status));

    /// <summary>Ends them with the 410 of an etcd that was compacted while they lagged behind.</summary>
    public void Expire(string plural = "*") => Fail(plural, ApiStatus.Expired("The resourceVersion for the provided watch is too old."));

    internal IDisposable Begin(ApiResource resource, ChannelWriter<WatchSignal> watcher)
    {
        var watch = (resource, watcher);
        lock (gate)
            live.Add(watch);
        changed.Beat();
        return new Ending(() =>
        {
            lock (gate)
                live.Remove(watch);
            changed.Beat();
        });
    }

    private void Tell(string plural, WatchSignal signal)
    {
        foreach (var (_, watcher) in Of(plural))
            watcher.TryWrite(signal);
    }

    private List<(ApiResource Resource, ChannelWriter<WatchSignal> Watcher)> Of(string plural)
    {
        lock (gate)
            return [.. live.Where(watch => watch.Resource.IsNamed(plural))];
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
