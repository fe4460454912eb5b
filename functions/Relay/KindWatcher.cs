using System.Globalization;
using System.IO.Hashing;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using Polly;
using Polly.Retry;

namespace IngressReconciler.Relay;

/// <summary>
/// Watches one kind for ever: lists it, then watches from the list's version on, resumes from the last version it saw, and lists anew when the
/// server does not remember that one, or has a history that went back behind it (etcd was restored, the cluster made anew). Puts into the
/// outbox what differs from what it put there last. Whatever befalls it leaves other kinds alone.
/// </summary>
/// <param name="server">The API server.</param>
/// <param name="query">What is watched.</param>
/// <param name="events">Writes the events.</param>
/// <param name="outbox">Where they go.</param>
/// <param name="options">Its patience.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class KindWatcher(
    ApiServer server, ObjectQuery query, RelayEvents events, Outbox outbox, RelayOptions options, TimeProvider time, ILogger log)
{
    private const string NotYet = "not watched yet";

    private readonly string name = $"{query}";
    private readonly TaskCompletionSource tried = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // What was told of each object last, without its version, and the newest version that it had: 32 bytes an object and its name.
    private readonly Dictionary<string, (UInt128 Content, UInt128 Version)> told = new(StringComparer.Ordinal);
    private string? version;
    private string? newest;
    private bool wentBack;
    private string trouble = NotYet;

    /// <summary>What is watched.</summary>
    public ObjectQuery Query => query;

    /// <summary>Completes when the kind was listed for the first time, or could not be.</summary>
    public Task Tried => tried.Task;

    /// <summary>Why it is not watched; null while it is.</summary>
    public string? Trouble => Volatile.Read(ref trouble!) is { Length: > 0 } text ? text : null;

    /// <summary>Whether the cluster has no such kind, now: it is asked again from time to time.</summary>
    public bool IsAbsent { get; private set; }

    /// <summary>Objects that are known.</summary>
    public int Objects { get; private set; }

    /// <summary>Watches until cancelled. Never fails otherwise.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var patience = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is not null && !cancel.IsCancellationRequested),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstPause,
                MaxDelay = options.LongestPause,
                DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(args.Outcome.Exception switch
                {
                    ApiServerException { IsNotFound: true } => options.AbsentPause,
                    ApiServerException { RetryAfter: { } wait } => wait,
                    _ => null,
                }),
                OnRetry = args =>
                {
                    Failed(args.Outcome.Exception!, args.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
        try
        {
            // A session that lasted ends the row of failures before it.
            while (true)
                await patience.ExecuteAsync(async token => await SessionAsync(token), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task SessionAsync(CancellationToken cancel)
    {
        var begun = time.GetTimestamp();
        var fresh = version is null;
        try
        {
            version ??= await ListAsync(cancel);
            Listed();
            var end = options.WatchFor + (options.WatchFor * Random.Shared.NextDouble()); // not all of them in one moment
            await foreach (var one in server.WatchAsync(query, version, end, options.Silence, Watching, time, cancel))
            {
                if (one.ResourceVersion.Length > 0 && ResourceVersion.Compare(one.ResourceVersion, version) < 0)
                {
                    // No history does that, and what is between the two is told by no watch.
                    LogExpired(name, $"the watch from {version} on says {one.ResourceVersion}");
                    version = null;
                    break;
                }

                if (one.Type != WatchEventType.Bookmark)
                    Tell(one.Object, one.Type == WatchEventType.Deleted);
                if (one.ResourceVersion.Length > 0)
                    version = newest = one.ResourceVersion;
            }
        }
        catch (ApiServerException e) when (e.IsExpired && !fresh)
        {
            // Nothing is wrong with a server that has forgotten, as after a restart: it is listed at once, whatever failed before.
            LogExpired(name, e.Message);
            version = null;
        }
        catch (ApiServerException e)
        {
            // A server that is not yet at that version, as after a restore of etcd, says nothing until it is.
            if (e.IsExpired || e.IsSilence)
                version = null;
            if (time.GetElapsedTime(begun) < options.Lasting)
                throw;
            RelayMetrics.Broken(query.Plural);
            LogBroken(name, e.Message);
        }

        if (time.GetElapsedTime(begun) < options.FirstPause)
            await Task.Delay(options.FirstPause, time, cancel); // a server that ends every watch at once is not asked without a pause
    }

    /// <summary>Lists the kind, tells what is new and what is gone, and gives the version to watch from.</summary>
    private async Task<string> ListAsync(CancellationToken cancel)
    {
        for (var size = ObjectQuery.PageSize; ; size = 0)
        {
            try
            {
                return await ListAsync(size, cancel);
            }
            catch (ApiServerException e) when (e.IsExpired && size > 0)
            {
                // Paging took longer than the server remembers: all at once then.
            }
        }
    }

    private async Task<string> ListAsync(int pageSize, CancellationToken cancel)
    {
        var listed = new HashSet<string>(StringComparer.Ordinal);
        var at = "";
        await foreach (var page in query.PagesAsync(server, pageSize, cancel))
        {
            at = page.ResourceVersion;
            foreach (var one in page.Objects)
            {
                if (Tell(one, deleted: false) is { } key)
                    listed.Add(key);
            }

            await outbox.RoomAsync(cancel);
        }

        if (wentBack || (newest is not null && ResourceVersion.Compare(at, newest) < 0))
        {
            // Events of the history that is now would be taken for late ones: whoever keeps the state lists for itself, and sees.
            LogWentBack(name, at, newest ?? "none");
            outbox.Put(events.Listed());
        }

        (newest, wentBack) = (at, false);
        var gone = told.Keys.Where(key => !listed.Contains(key)).ToArray();
        if (options.MassDeletion.AreReached(gone.Length, told.Count))
        {
            // Too much to be believed: whoever keeps the state lists for itself, and judges.
            LogHeldBack(name, gone.Length, told.Count);
            outbox.Put(events.Listed());
            gone = [];
        }

        foreach (var key in gone)
        {
            told.Remove(key);
            outbox.Put(events.Deleted(query, key, at));
        }

        Objects = told.Count;
        LogListed(name, listed.Count, at);
        return at;
    }

    /// <summary>Puts an object into the outbox unless nothing that travels differs from what was told last; gives its key, or null when it must not travel.</summary>
    private string? Tell(JsonObject whole, bool deleted)
    {
        if (ObjectTrimming.Trim(whole) is not { } trimmed || RelayEvents.KeyOf(trimmed) is not { } key)
            return null;
        if (deleted)
        {
            told.Remove(key);
            outbox.Put(events.Deleted(trimmed));
        }
        else
        {
            var (content, at) = (ContentOf(trimmed), VersionOf(trimmed));
            var knows = told.TryGetValue(key, out var known);
            wentBack |= knows && at < known.Version;
            told[key] = (content, at);
            if (knows && known.Content == content)
                return key;
            outbox.Put(events.Applied(trimmed));
        }

        Objects = told.Count;
        return key;
    }

    private static UInt128 VersionOf(JsonObject trimmed) =>
        UInt128.TryParse($"{trimmed["metadata"]!["resourceVersion"]}", NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : 0;

    private static UInt128 ContentOf(JsonObject trimmed)
    {
        var metadata = (JsonObject)trimmed["metadata"]!;
        var version = metadata["resourceVersion"];
        metadata.Remove("resourceVersion");
        var content = XxHash128.HashToUInt128(RelayEvents.Bytes(trimmed));
        metadata["resourceVersion"] = version;
        return content;
    }

    private void Listed()
    {
        IsAbsent = false;
        tried.TrySetResult();
    }

    private void Watching()
    {
        if (Trouble is not null && trouble != NotYet)
            LogRecovered(name);
        Volatile.Write(ref trouble, "");
    }

    private void Failed(Exception e, TimeSpan pause)
    {
        IsAbsent = e is ApiServerException { IsNotFound: true };
        if (e is not ApiServerException)
            LogBug(e, name);
        else if (trouble != e.Message)
            LogFailed(name, e.Message, pause.TotalSeconds);
        Volatile.Write(ref trouble, e.Message);
        RelayMetrics.Broken(query.Plural);
        tried.TrySetResult();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Listed {Kind}: {Objects} objects at {Version}")]
    private partial void LogListed(string kind, int objects, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A fresh list of {Kind} lacks {Missing} of {Known} known objects: nothing is told as deleted, the function is asked to list for itself")]
    private partial void LogHeldBack(string kind, int missing, int known);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The history of {Kind} went back: a fresh list is of version {Listed}, {Newest} was seen before, "
            + "as after a restore of etcd; the function is asked to list for itself")]
    private partial void LogWentBack(string kind, string listed, string newest);

    [LoggerMessage(Level = LogLevel.Information, Message = "Watching {Kind} again")]
    private partial void LogRecovered(string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The watch of {Kind} broke: {Reason}; resuming")]
    private partial void LogBroken(string kind, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Listing {Kind} anew: {Reason}")]
    private partial void LogExpired(string kind, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot watch {Kind}: {Reason}; next try in {Seconds:0.0} s")]
    private partial void LogFailed(string kind, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Watching {Kind} failed in a way that it must not; trying again")]
    private partial void LogBug(Exception e, string kind);
}
