using System.Threading.Channels;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Answers watches.</summary>
/// <param name="store">What is watched.</param>
/// <param name="watches">Where live ones are counted.</param>
/// <param name="times">Where the moment of every event is noted.</param>
/// <param name="bookmarkInterval">Between two bookmarks.</param>
/// <param name="clock">Measures that, and timeouts.</param>
internal sealed class WatchHandler(ObjectStore store, LiveWatches watches, WireTimes times, TimeSpan bookmarkInterval, TimeProvider clock)
{
    /// <summary>Writes events until the client, its timeout or a fault ends the watch.</summary>
    /// <param name="http">The request.</param>
    /// <param name="resource">The kind.</param>
    /// <param name="options">What of it.</param>
    /// <param name="stop">The server stops.</param>
    public async Task HandleAsync(HttpContext http, ApiResource resource, ListOptions options, CancellationToken stop)
    {
        var signals = Channel.CreateUnbounded<WatchSignal>(new() { SingleReader = true });
        var since = Subscribe(resource, options, signals.Writer);
        var stream = new WatchStream(http, resource, options, times, since);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stop);
        try
        {
            await using var bookmarks = Tick(options.AllowWatchBookmarks, bookmarkInterval, signals.Writer, revision => new WatchSignal.Bookmark(revision));
            await using var timeout = Tick(
                options.TimeoutSeconds > 0, TimeSpan.FromSeconds(options.TimeoutSeconds ?? 0), signals.Writer, revision => new WatchSignal.TimeUp(revision));
            using var live = watches.Begin(resource, signals.Writer);
            await stream.BeginAsync();
            while (await stream.WriteAsync(await signals.Reader.ReadAsync(ending.Token)))
            {
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The client has gone, or the server goes: a watch has no last word.
        }
        finally
        {
            store.Unsubscribe(resource, signals.Writer);
        }
    }

    // A watch that cannot begin is told so by its first event: the answer to the request is 200 all the same.
    private long Subscribe(ApiResource resource, ListOptions options, ChannelWriter<WatchSignal> watcher)
    {
        var wanted = options.ResourceVersion;
        var fromState = options.SendInitialEvents ?? wanted is null or 0;
        try
        {
            var now = store.Revision;
            // Without sendInitialEvents, a version that is yet to come is not an error: the watch is silent until then.
            if (options.SendInitialEvents == true && wanted > now)
                throw new ApiException(ApiStatus.TooLargeResourceVersion(wanted.Value, now));
            long? since = fromState ? null : wanted is null or 0 ? now : wanted;
            store.Subscribe(resource, since, options is { SendInitialEvents: true, AllowWatchBookmarks: true }, watcher);
            return since ?? 0;
        }
        catch (ApiException refused)
        {
            watcher.TryWrite(new WatchSignal.Fail(refused.Status));
            return 0;
        }
    }

    private ITimer? Tick(bool wanted, TimeSpan interval, ChannelWriter<WatchSignal> watcher, Func<long, WatchSignal> signal) =>
        wanted ? clock.CreateTimer(_ => store.Tell(watcher, signal), null, interval, interval) : null;
}
