using System.Collections.Immutable;
using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Edge;
using IngressReconciler.Kubernetes;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Planning;
using IngressReconciler.Proxies;
using IngressReconciler.Rounds;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Telemetry;

namespace IngressReconciler;

/// <summary>
/// The flow for one cluster, top to bottom: changes are journalled, the cluster state follows the journal, routing and endpoints follow the
/// state, a changed routing is sealed as a version, and every proxy is pushed to and read back. One loop does all of it; what arrives while it
/// is busy goes together in the next round. Any number of instances may run for one cluster: the journal is their order, the lease their turn.
/// </summary>
/// <param name="storage">The cluster's state in storage.</param>
/// <param name="options">What the operator set.</param>
/// <param name="proxies">Its proxies.</param>
/// <param name="reader">Reads the cluster past the events; null when there is no way to.</param>
/// <param name="edge">Lists edge proxies that come and go; null when there are none but those that are named.</param>
/// <param name="feedback">Tells the cluster's users what became of what they asked for; null when there is no way to.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class Reconciler(
    ClusterStorage storage,
    RoutingOptions options,
    ProxySet proxies,
    IClusterReader? reader,
    EdgeScaleSet? edge,
    ClusterFeedback? feedback,
    TimeProvider time,
    ILogger log)
    : IAsyncDisposable
{
    /// <summary>How long an event's answer waits for proxies. A slower one is pushed to all the same; it only is not waited for.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(2);

    /// <summary>How long an event's answer waits for its turn. It is journalled then: whoever has the lease next pushes it.</summary>
    private static readonly TimeSpan TurnWithin = TimeSpan.FromSeconds(15);

    /// <summary>How often the journal is looked at while a slow proxy is all that keeps the lease: what others write is for the other proxies.</summary>
    private static readonly TimeSpan LookWithin = TimeSpan.FromMilliseconds(50);

    private readonly RequestQueue queue = new(time);
    private readonly CancellationTokenSource stopping = new();
    private readonly ReportWriter reports = new(storage.Proxies, log);
    private readonly SnapshotWriter snapshots = new(storage, time, log);
    private readonly SemaphoreSlim resyncing = new(1);
    private Task running = Task.CompletedTask;
    private Task answering = Task.CompletedTask;
    private Task listingEdge = Task.CompletedTask;
    private EdgeListing? listed;

    // What this instance knows. Only the loop writes it.
    private JournalPosition position = JournalPosition.Start;
    private Wanted wanted = Wanted.Of(ClusterState.Empty, options);
    private VersionSealing sealing = new(storage, time);
    private bool othersWrite = true;
    private HeldLease? lease;
    private ClusterGauges? gauges;

    /// <summary>What is wanted, as far as this instance knows.</summary>
    public Wanted Wanted => Volatile.Read(ref wanted);

    /// <summary>How each proxy stands.</summary>
    public IEnumerable<ProxyReport> Proxies => proxies.Workers.Select(worker => worker.Report);

    /// <summary>One for each proxy, by name.</summary>
    public ImmutableArray<ProxyWorker> Workers => proxies.Workers;

    /// <summary>Every mistake and limit: of routing, of endpoints, and of certificates that could not be pushed.</summary>
    public IEnumerable<Finding> Findings => Wanted.Findings.Concat(proxies.Workers
        .SelectMany(worker => worker.Unusable).DistinctBy(one => one.Reference)
        .Select(one => new Finding(
            new(ResourceKind.Secret, one.Reference.Namespace, one.Reference.Name),
            Severity.Error,
            "CertificateNotUsable",
            $"the certificate is not pushed: {one.Reason}; what was served before is still")));

    /// <summary>What could not be written to the cluster.</summary>
    public IEnumerable<WriteFailure> WriteFailures => feedback?.Failures ?? [];

    /// <summary>The version that is wanted.</summary>
    public int Version => sealing.Head.Version;

    /// <summary>Where in the journal this instance is.</summary>
    public JournalPosition Position => position;

    /// <summary>Begins. Returns at once; what is asked for before the state is loaded waits for it.</summary>
    public void Start()
    {
        proxies.Start(queue.Wake);
        gauges = new(storage.Id, this, proxies, queue, time);
        running = Task.Run(() => RunAsync(stopping.Token));
    }

    /// <summary>Takes changes: returns when they are journalled and every proxy that can be reached runs what follows from them.</summary>
    /// <exception cref="StorageUnavailableException">They could not be journalled: send them again.</exception>
    public Task AcceptAsync(IEnumerable<ResourceChange> changes) => queue.Add([.. changes]);

    /// <summary>Takes what the API server has of one object, when an event could not carry it.</summary>
    /// <param name="key">The object.</param>
    /// <param name="origin">The event.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="IOException">It cannot be read now: send the event again.</exception>
    /// <exception cref="StorageUnavailableException">It could not be journalled: send the event again.</exception>
    public async Task AcceptAsync(ResourceKey key, EventOrigin origin, CancellationToken cancel)
    {
        if (reader is null)
            throw new IOException($"{key} is too large for an event, and this instance has no way to read its cluster: set ApiServer or Kubeconfig");
        if (await reader.ReadAsync(key, cancel) is { } resource)
            await queue.Add([new Applied(resource) { Origin = origin }]);
    }

    /// <summary>Compares with a fresh list, takes what was missed, and reads every proxy back.</summary>
    /// <param name="confirmed">A list is believed whatever it lacks: a person says that it is right.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageUnavailableException">What was missed could not be journalled.</exception>
    public async Task<ResyncReport> ResyncAsync(bool confirmed, CancellationToken cancel)
    {
        await resyncing.WaitAsync(cancel);
        try
        {
            await queue.Add([]);
            var last = confirmed ? null : await storage.Resync.ReadAsync(cancel);
            var (listing, unlisted) = await ListAsync(cancel);
            var believed = ResourceKinds.All.Select(entry => entry.Kind).Where(kind => confirmed || last?.Suspects.Any(one => one.Kind == kind) == true).ToHashSet();
            var missed = listing?.Cluster.MissedBy(Wanted.Cluster, options.Brake, believed) ?? MissedChanges.None;
            foreach (var suspect in missed.Suspects)
                LogSuspect(suspect.Kind, suspect.Missing, suspect.Known);

            var drift = Drift();
            var trouble = await ListEdgeAsync(cancel);
            foreach (var worker in proxies.Workers)
                worker.LookAtEverything();
            feedback?.LookAtEverything();
            await queue.Add(missed.Changes);
            var report = new ResyncReport(
                time.GetUtcNow(), missed.Changes.Length, missed.Suspects, Drift() - drift, [.. listing?.Failures ?? [], .. new[] { unlisted, trouble }.OfType<string>()], listing?.Refusals.Length ?? 0);
            await storage.Resync.WriteAsync(report, cancel);
            await ForgetAsync(cancel);
            ReconcilerMetrics.Resynced(report, storage.Id);
            LogResync(report.Missed, report.Drift, report.Failures.Length);
            return report;
        }
        finally
        {
            resyncing.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        gauges?.Dispose();
        await stopping.CancelAsync();
        await running;
        await listingEdge;
        await proxies.DisposeAsync();
        await answering;
        await LetGoAsync();
        await reports.DisposeAsync();
        edge?.Dispose();
        await snapshots.DisposeAsync();
        if (feedback is not null)
            await feedback.DisposeAsync();
        stopping.Dispose();
        resyncing.Dispose();
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        var loaded = false;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (!loaded)
                    await LoadAsync(cancel);
                loaded = true;
                await RoundsAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                queue.Fail(new OperationCanceledException("the program stops"));
            }
            catch (StorageUnavailableException e)
            {
                LogStorage(e.Message);
                queue.Fail(e);
                await Task.Delay(TimeSpan.FromMilliseconds(200), time, CancellationToken.None);
            }
            catch (Exception e)
            {
                // A gap in the journal, or a bug: what is known is thrown away and read anew.
                LogReload(e, position);
                queue.Fail(e);
                loaded = false;
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            }
        }
    }

    /// <summary>A cold start: the newest snapshot, the journal's tail, and everything that follows from them.</summary>
    private async Task LoadAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var (state, at) = await snapshots.ReadAsync(cancel);
        for (var more = true; more;)
        {
            var tail = await storage.Journal.ReadAsync(at, cancel);
            state = state.Apply(tail.Lines.Select(line => JournalBatch.Parse(line.Bytes)));
            foreach (var line in tail.Lines)
                snapshots.Count(line.Bytes.Length);
            (at, more) = (tail.Position, !tail.AtEnd);
        }

        position = at;
        Volatile.Write(ref wanted, Wanted.Of(state, options));
        sealing = new(storage, time);
        sealing.Begin(wanted.Model);
        othersWrite = true;
        feedback?.Load(position);
        proxies.Load(state);
        foreach (var worker in proxies.Workers)
        {
            worker.LookAtEverything();
            worker.Want(wanted, Version, position, WantedDifference.None);
        }

        LogLoaded(state.Resources.Count, wanted.Model.Hosts.Count, position, time.GetElapsedTime(started).TotalMilliseconds);

        listingEdge = ListEdgeAsync(cancel);

        // The first push to a new cluster's proxies makes them ready: it must not be of the first few events.
        if (IsUnknown && (await ListAsync(cancel)).Listing is { } all)
            queue.Put([.. all.Cluster.Resources.Select(resource => new Applied(resource))]);
        queue.Wake();
    }

    /// <summary>Lists the cluster; when it cannot be listed at all, why, unless there is no way to.</summary>
    private async Task<(ClusterListing? Listing, string? Trouble)> ListAsync(CancellationToken cancel)
    {
        if (reader is null)
            return (null, null);
        try
        {
            var listing = await reader.ListAsync(cancel);
            foreach (var reason in listing.Failures)
                LogNotListed(reason);
            return (listing, null);
        }
        catch (IOException e)
        {
            LogNotListed(e.Message);
            return (null, e.Message);
        }
    }

    /// <summary>Lists the edge's machines, for the loop to take.</summary>
    /// <returns>Why they cannot be listed; null when they were.</returns>
    private async Task<string?> ListEdgeAsync(CancellationToken cancel)
    {
        if (edge is null)
            return null;
        try
        {
            Volatile.Write(ref listed, new(await edge.ListAsync(cancel)));
            queue.Wake();
            return null;
        }
        catch (EdgeUnknownException e)
        {
            LogEdgeUnknown(e.Message);
            return e.Message;
        }
        catch (OperationCanceledException)
        {
            return "the program stops";
        }
    }

    /// <summary>The edge's machines as they were last listed ─► edge proxies.</summary>
    private void TakeEdge()
    {
        if (Interlocked.Exchange(ref listed, null) is not { } now)
            return;
        foreach (var name in proxies.Take(now.Proxies))
            reports.Remove(name);
        foreach (var worker in proxies.Workers)
            worker.Want(wanted, Version, position, WantedDifference.None);
    }

    /// <summary>Steps that were needed although nothing was known to have changed.</summary>
    private long Drift() => proxies.Workers.Sum(worker => worker.Report.Drift);

    /// <summary>Removes the reports of proxies that went while nobody of us was there.</summary>
    private async Task ForgetAsync(CancellationToken cancel)
    {
        var known = proxies.Workers.Select(worker => worker.Name).ToHashSet();
        foreach (var name in (await storage.Proxies.ReadAllAsync(cancel)).Keys.Where(name => !known.Contains(name)))
            reports.Remove(name);
    }

    /// <summary>Nothing was ever heard of the cluster. That is no wish for an empty one, and proxies are left as they are.</summary>
    private bool IsUnknown => position == JournalPosition.Start;

    private async Task RoundsAsync(CancellationToken cancel)
    {
        while (true)
        {
            TakeEdge();
            if (!queue.IsEmpty || (!IsUnknown && (sealing.IsDue || (lease is null && proxies.Workers.Any(worker => worker.WantsPush)))))
            {
                await RoundAsync(cancel);
                continue;
            }

            if (lease is { } held)
            {
                StartPushes(held);
                var pushing = proxies.Workers.Any(worker => !worker.Current.IsCompleted);
                feedback?.Tell(wanted, Proxies, Findings);
                if (pushing && await queue.WaitAsync(LookWithin, cancel))
                    continue;

                // Nothing is left to somebody who has already finished: what others wrote while we had the lease is ours to push.
                if (await CatchUpAsync(cancel))
                    await RoundAsync(cancel);
                else if (!pushing)
                    await LetGoAsync();
                continue;
            }

            await queue.WaitAsync(Timeout.InfiniteTimeSpan, cancel);
        }
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var requests = queue.Take();
        using var span = Traces.Start("reconciler.round", ActivityKind.Consumer, requests.Traces)?.SetTag("cluster", storage.Id);
        try
        {
            if (!await TakeTurnAsync(requests, cancel))
            {
                // Another instance is at it. It reads the journal to the end before it lets go, and then it is our turn to look.
                othersWrite = true;
                if (requests.ChangeCount == 0)
                    span.Forget();
                queue.PutBack(requests, giveUpAfter: TurnWithin);
                await Task.Delay(TimeSpan.FromMilliseconds(5 + Random.Shared.Next(15)), time, cancel);
                return;
            }

            if (!IsUnknown)
            {
                await SealAsync(requests, cancel);
                StartPushes(lease!);
            }
        }
        catch (OperationCanceledException) when (lease is { Lost.IsCancellationRequested: true } && !cancel.IsCancellationRequested)
        {
            // It is another's turn now.
            queue.PutBack(requests, giveUpAfter: TurnWithin);
            return;
        }
        catch (Exception e)
        {
            span.Fail(e.Message);
            requests.Fail(e);
            throw;
        }

        var answer = AnswerAsync(requests, position, Version, started);
        answering = answering.IsCompleted ? answer : Task.WhenAll(answering, answer);
        snapshots.MayWrite(wanted.Cluster, position);
        feedback?.Tell(wanted, Proxies, Findings);
    }

    /// <summary>Journals the requests; false when another instance has the lease. With it, we know all that anybody may have pushed.</summary>
    private async Task<bool> TakeTurnAsync(RequestBatch requests, CancellationToken cancel)
    {
        var had = lease is { Lost.IsCancellationRequested: false };
        var acquiring = AcquireAsync(cancel);
        try
        {
            await JournalAsync(requests, cancel);
        }
        finally
        {
            // Only an append that came after the lease proves that nobody has written and pushed before it was ours.
            had |= acquiring.IsCompletedSuccessfully && requests.ChangeCount > 0;
            await acquiring;
        }

        if (lease is null)
            return false;
        if (othersWrite || !had)
        {
            await CatchUpAsync(cancel);
            await sealing.ReadHeadAsync(cancel);
            othersWrite = false;
        }

        return true;
    }

    /// <summary>
    /// Answers when every proxy that can be reached runs what follows from the requests. The next round does not wait for that.
    /// </summary>
    private async Task AnswerAsync(RequestBatch requests, JournalPosition at, int version, long started)
    {
        var running = proxies.Workers;
        await Task.WhenAny(Task.WhenAll(running.Select(worker => worker.RunsAsync(at))), Task.Delay(AnswerWithin, time));
        requests.Done();
        if (requests.ChangeCount > 0)
        {
            ReconcilerMetrics.Round(time.GetElapsedTime(started), storage.Id);
            LogRound(requests.ChangeCount, requests.Cause, version, running.Count(worker => worker.Report.Running), running.Length, time.GetElapsedTime(started).TotalMilliseconds);
        }

        reports.Write(running.Select(worker => worker.Report));
    }

    /// <summary>Takes the lease if we have not got it and it is free.</summary>
    private async Task AcquireAsync(CancellationToken cancel)
    {
        if (lease is { Lost.IsCancellationRequested: true })
            await LetGoAsync();
        lease ??= await storage.PushLease.TryAcquireAsync(cancel);
    }

    private async Task LetGoAsync()
    {
        if (lease is { } held)
        {
            lease = null;
            await proxies.IdleAsync();
            await held.DisposeAsync();
        }
    }

    /// <summary>Events ─► journal. What the state knows already is left out; what others wrote in between is followed first.</summary>
    private async Task JournalAsync(RequestBatch requests, CancellationToken cancel)
    {
        foreach (var batch in requests.Batches(wanted.Cluster, time.GetUtcNow()))
        {
            var line = batch.ToBytes();
            while (true)
            {
                AppendOutcome appended;
                using (Traces.Source.StartActivity("journal.append")?.SetTag("changes", batch.Changes.Length))
                    appended = await storage.Journal.AppendAsync(position, line, cancel);
                if (appended.Appended)
                {
                    Follow(batch, line.Length, appended.Position);
                    break;
                }

                othersWrite = true;
                foreach (var missed in appended.Missed)
                    Follow(JournalBatch.Parse(missed.Bytes), missed.Bytes.Length, missed.End);
            }
        }
    }

    /// <summary>Follows what others wrote; false when there was nothing.</summary>
    private async Task<bool> CatchUpAsync(CancellationToken cancel)
    {
        var before = position;
        JournalTail tail;
        do
        {
            tail = await storage.Journal.ReadAsync(position, cancel);
            foreach (var line in tail.Lines)
                Follow(JournalBatch.Parse(line.Bytes), line.Bytes.Length, line.End);
            position = tail.Position;
        }
        while (!tail.AtEnd);
        othersWrite |= position != before;
        return position != before;
    }

    /// <summary>Journal ─► cluster state ─► routing and endpoints, each at the cost of what changed.</summary>
    private void Follow(JournalBatch batch, int bytes, JournalPosition end)
    {
        var (next, difference) = wanted.After(batch.Changes, batch.At);
        Volatile.Write(ref wanted, next);
        position = end;
        snapshots.Count(bytes);
        sealing.Follow(difference);
        feedback?.Follow(batch.Changes, difference, end);
        foreach (var name in proxies.Follow(next.Cluster, batch.Changes))
            reports.Remove(name);
        var awaited = AwaitedChanges.Of(batch, end, time);
        foreach (var worker in proxies.Workers)
        {
            worker.Telemetry.Await(awaited);
            worker.Want(next, Version, end, difference);
        }
    }

    /// <summary>Routing ─► version, when it is another than the wanted one.</summary>
    private async Task SealAsync(RequestBatch requests, CancellationToken cancel)
    {
        using var ours = CancellationTokenSource.CreateLinkedTokenSource(cancel, lease!.Lost);
        using var span = sealing.IsDue ? Traces.Source.StartActivity("version.seal") : null;
        if (await sealing.SealAsync(wanted, position, requests.Cause, ours.Token))
        {
            span?.SetTag("version", Version);
            ReconcilerMetrics.SealedVersion(storage.Id);
            LogSealed(Version, sealing.Head.Hash, requests.Cause);
        }

        foreach (var worker in proxies.Workers)
            worker.Want(wanted, Version, position, WantedDifference.None);
    }

    /// <summary>For each proxy by itself: ReadState ─► Plan ─► Push ─► Verify. None waits for another.</summary>
    private void StartPushes(HeldLease held)
    {
        foreach (var worker in proxies.Workers.Where(worker => worker.WantsPush))
            worker.Start(held.Lost);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Objects} objects, {Hosts} hosts at {Position} in {Milliseconds:0} ms")]
    private partial void LogLoaded(int objects, int hosts, JournalPosition position, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Changes} changes ({Cause}): version {Version} runs on {Running} of {Proxies} proxies after {Milliseconds:0.0} ms")]
    private partial void LogRound(int changes, string cause, int version, int running, int proxies, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sealed version {Version} {Hash}: {Cause}")]
    private partial void LogSealed(int version, string hash, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Proxies go on with what they have")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stopped at {Position}; reading everything anew")]
    private partial void LogReload(Exception e, JournalPosition position);

    [LoggerMessage(Level = LogLevel.Information, Message = "Resync: {Missed} changes had been missed, {Drift} steps of drift, {Failures} kinds could not be listed")]
    private partial void LogResync(int missed, long drift, int failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Edge: {Reason}; those that were known stay")]
    private partial void LogEdgeUnknown(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot list the cluster: {Reason}")]
    private partial void LogNotListed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A fresh list of {Kind} lacks {Missing} of {Known} known objects: it is taken for a partial view, and none of them counts as gone until a second list says the same or somebody confirms it")]
    private partial void LogSuspect(ResourceKind kind, int missing, int known);

    private sealed record EdgeListing(ImmutableArray<ProxyAddress> Proxies);
}
