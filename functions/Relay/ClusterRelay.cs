using System.Collections.Immutable;
using System.Diagnostics;
using IngressReconciler.Kubernetes;
using IngressReconciler.Telemetry;
using Polly;
using Polly.Retry;

namespace IngressReconciler.Relay;

/// <summary>
/// Turns what a cluster's API server tells of its objects into CloudEvents, at once and for as long as it runs. It holds no truth: whatever it
/// misses, a list brings. Two of them at once do no harm.
/// </summary>
public sealed partial class ClusterRelay
{
    private readonly Outbox outbox;
    private readonly RelayEvents events;
    private readonly EventPublisher publisher;
    private readonly RelayOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;

    /// <summary>Makes a relay; nothing is reached yet.</summary>
    /// <param name="cluster">The cluster's id, a DNS label.</param>
    /// <param name="server">Its API server.</param>
    /// <param name="queries">What is watched, one query a kind.</param>
    /// <param name="publisher">The sink.</param>
    /// <param name="options">Patience and limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where decisions are told.</param>
    public ClusterRelay(string cluster, ApiServer server, IEnumerable<ObjectQuery> queries, EventPublisher publisher, RelayOptions options, TimeProvider time, ILogger log)
    {
        (this.publisher, this.options, this.time, this.log) = (publisher, options, time, log);
        outbox = new(options.Room);
        events = new(cluster, time);
        Watchers = [.. queries.Select(query => new KindWatcher(server, query, events, outbox, options, time, log))];
        RelayMetrics.Watch(outbox);
    }

    /// <summary>One for each kind.</summary>
    public ImmutableArray<KindWatcher> Watchers { get; }

    /// <summary>How many events wait for the sink.</summary>
    public int Waiting => outbox.Count;

    /// <summary>Why the sink takes nothing; null while it does.</summary>
    public string? SinkTrouble { get; private set; }

    /// <summary>Runs until cancelled; what waits then is still sent, if the sink takes it soon.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var publishing = new CancellationTokenSource();
        var sink = PublishAsync(publishing.Token);
        await Task.WhenAll(Watchers.Select(watcher => watcher.RunAsync(cancel)).Append(AnnounceAsync(cancel)));
        outbox.Close();
        publishing.CancelAfter(options.StopWithin);
        await sink;
    }

    /// <summary>Once every kind was asked for, what was deleted before this relay began can be found by a list: the receiver's.</summary>
    private async Task AnnounceAsync(CancellationToken cancel)
    {
        try
        {
            await Task.WhenAll(Watchers.Select(watcher => watcher.Tried)).WaitAsync(cancel);
            outbox.Put(events.Listed());
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>One publication at a time; what comes meanwhile goes together in the next.</summary>
    private async Task PublishAsync(CancellationToken cancel)
    {
        var patience = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<SinkException>(),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstPause,
                MaxDelay = options.LongestSinkPause,
                OnRetry = args =>
                {
                    RelayMetrics.Failed();
                    if (SinkTrouble != args.Outcome.Exception!.Message)
                        LogSink(args.Outcome.Exception.Message, outbox.Count, args.RetryDelay.TotalSeconds);
                    SinkTrouble = args.Outcome.Exception.Message;
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
        try
        {
            while (await patience.ExecuteAsync(async token => await PublishOnceAsync(token), cancel))
            {
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            LogLeft(outbox.Count);
        }
    }

    /// <summary>Publishes what waits, up to the size of a publication; false when nothing will come any more.</summary>
    private async Task<bool> PublishOnceAsync(CancellationToken cancel)
    {
        var taken = await outbox.TakeAsync(EventPublisher.SizeLimit, cancel);
        if (taken.IsEmpty)
            return false;
        var started = time.GetTimestamp();
        using var span = Traces.Start("relay.publish", ActivityKind.Producer, taken.Select(one => one.Trace))?.SetTag("events", taken.Length);
        var left = taken;
        try
        {
            using var deadline = new CancellationTokenSource(options.PublishWithin, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
            try
            {
                await publisher.PublishAsync(taken.Select(one => one.Bytes), either.Token);
            }
            catch (SinkException e) when (e.IsRefused)
            {
                // One bad event must not hold up the others, nor itself for ever.
                for (; !left.IsEmpty; left = left.RemoveAt(0))
                    await PublishAloneAsync(left[0], either.Token);
            }

            left = [];
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            span.Fail("the sink did not answer");
            throw new SinkException($"the sink did not answer within {options.PublishWithin.TotalSeconds:0} s", refused: false, e);
        }
        finally
        {
            outbox.PutBack(left);
        }

        RelayMetrics.Took(taken.Length, time.GetElapsedTime(started));
        if (SinkTrouble is not null)
            LogSinkBack(taken.Length);
        SinkTrouble = null;
        return true;
    }

    private async Task PublishAloneAsync(WaitingEvent one, CancellationToken cancel)
    {
        try
        {
            await publisher.PublishAsync([one.Bytes], cancel);
        }
        catch (SinkException e) when (e.IsRefused)
        {
            RelayMetrics.Refused();
            LogRefused(one.Key, one.Bytes.Length, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason}; {Waiting} events wait, next try in {Seconds:0.0} s")]
    private partial void LogSink(string reason, int waiting, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "The sink takes events again: {Events} at once")]
    private partial void LogSinkBack(int events);

    [LoggerMessage(Level = LogLevel.Error, Message = "The sink will never take the event about {Object} ({Bytes} bytes): {Reason}. It is dropped")]
    private partial void LogRefused(string @object, int bytes, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopped with {Events} events unsent; the next relay lists them")]
    private partial void LogLeft(int events);
}
