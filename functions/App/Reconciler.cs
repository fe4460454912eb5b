using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;
using IngressReconciler.Proxies;
using IngressReconciler.Rounds;
using IngressReconciler.Routing;
using IngressReconciler.Storage;

namespace IngressReconciler;

/// <summary>
/// The flow for one cluster, top to bottom: changes are journalled, the cluster state follows the journal, routing and endpoints follow the
/// state, a changed routing is sealed as a version, and every proxy is pushed to and read back. One loop does all of it; what arrives while it
/// is busy goes together in the next round. Any number of instances may run for one cluster: the journal is their order, the lease their turn.
/// </summary>
/// <param name="storage">The cluster's state in storage.</param>
/// <param name="options">What the operator set.</param>
/// <param name="proxies">The ways to its proxies.</param>
/// <param name="list">Lists the cluster afresh; gives null when it cannot be listed.</param>
/// <param name="keys">Reads keys of certificates.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class Reconciler(
    ClusterStorage storage,
    RoutingOptions options,
    IReadOnlyList<ProxyLink> proxies,
    Func<CancellationToken, Task<ClusterList?>> list,
    KeyPairReading keys,
    TimeProvider time,
    ILogger log)
    : IAsyncDisposable
{
    /// <summary>How long an event's answer waits for proxies. A slower one is pushed to all the same; it only is not waited for.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(2);

    /// <summary>How long an event's answer waits for its turn. It is journalled then: whoever has the lease next pushes it.</summary>
    private static readonly TimeSpan TurnWithin = TimeSpan.FromSeconds(15);

    private readonly RequestQueue queue = new(time);
    private readonly CancellationTokenSource stopping = new();
    private readonly ReportWriter reports = new(storage.Proxies, log);
    private readonly SnapshotWriter snapshots = new(storage, time, log);
    private ImmutableArray<ProxyWorker> workers = [];
    private Task running = Task.CompletedTask;

    // What this instance knows. Only the loop writes it.
    private JournalPosition position = JournalPosition.Start;
    private Wanted wanted = Wanted.Of(ClusterState.Empty, options);
    private VersionSealing sealing = new(storage, time);
    private bool othersWrite = true;
    private HeldLease? lease;

    /// <summary>What is wanted, as far as this instance knows.</summary>
    public Wanted Wanted => Volatile.Read(ref wanted);

    /// <summary>How each proxy stands.</summary>
    public IEnumerable<ProxyReport> Proxies => workers.Select(worker => worker.Report);

    /// <summary>The version that is wanted.</summary>
    public int Version => sealing.Head.Version;

    /// <summary>Where in the journal this instance is.</summary>
    public JournalPosition Position => position;

    /// <summary>Begins. Returns at once; what is asked for before the state is loaded waits for it.</summary>
    public void Start()
    {
        workers = [.. proxies.Select(link => new ProxyWorker(link, keys, time, log, queue.Wake))];
        running = Task.Run(() => RunAsync(stopping.Token));
    }

    /// <summary>Takes changes: returns when they are journalled and every proxy that can be reached runs what follows from them.</summary>
    /// <exception cref="StorageUnavailableException">They could not be journalled: send them again.</exception>
    public Task AcceptAsync(IEnumerable<ResourceChange> changes) => queue.Add([.. changes]);

    /// <summary>Compares with a fresh list, takes what was missed, and reads every proxy back.</summary>
    /// <returns>How many changes had been missed, and how many known objects a list lacks that is not believed.</returns>
    public async Task<(int Missed, int Suspect)> ResyncAsync(CancellationToken cancel)
    {
        await queue.Add([]);
        var suspect = 0;
        var missed = (await list(cancel))?.MissedBy(Wanted.Cluster, out suspect) ?? [];
        if (suspect > 0)
            LogSuspect(suspect, Wanted.Cluster.Resources.Count);
        foreach (var worker in workers)
            worker.LookAtEverything();
        await queue.Add(missed);
        return (missed.Length, suspect);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        foreach (var worker in workers)
            await worker.DisposeAsync();
        await LetGoAsync();
        await reports.DisposeAsync();
        await snapshots.DisposeAsync();
        stopping.Dispose();
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
        foreach (var worker in workers)
        {
            worker.LookAtEverything();
            worker.Want(wanted, Version, position, WantedDifference.None);
        }

        LogLoaded(state.Resources.Count, wanted.Model.Hosts.Count, position, time.GetElapsedTime(started).TotalMilliseconds);

        // The first push to a new cluster's proxies makes them ready: it must not be of the first few events.
        if (IsUnknown && await list(cancel) is { } all)
            queue.Put([.. all.Resources.Select(resource => new Applied(resource))]);
        queue.Wake();
    }

    /// <summary>Nothing was ever heard of the cluster. That is no wish for an empty one, and proxies are left as they are.</summary>
    private bool IsUnknown => position == JournalPosition.Start;

    private async Task RoundsAsync(CancellationToken cancel)
    {
        while (true)
        {
            if (!queue.IsEmpty || (!IsUnknown && (sealing.IsDue || (lease is null && workers.Any(worker => worker.WantsPush)))))
            {
                await RoundAsync(cancel);
                continue;
            }

            if (lease is not null)
            {
                StartPushes(lease);
                if (workers.All(worker => worker.Current.IsCompleted))
                {
                    // Nothing is left to somebody who has already finished: what others wrote while we had the lease is ours to push.
                    if (await CatchUpAsync(cancel))
                    {
                        await RoundAsync(cancel);
                        continue;
                    }

                    await LetGoAsync();
                }
            }

            await queue.WaitAsync(cancel);
        }
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var requests = queue.Take();
        try
        {
            var acquiring = AcquireAsync(cancel);
            try
            {
                await JournalAsync(requests, cancel);
            }
            finally
            {
                await acquiring;
            }

            if (lease is not { } held)
            {
                // Another instance is at it. It reads the journal to the end before it lets go, and then it is our turn to look.
                othersWrite = true;
                queue.PutBack(requests, giveUpAfter: TurnWithin);
                await Task.Delay(TimeSpan.FromMilliseconds(5 + Random.Shared.Next(15)), time, cancel);
                return;
            }

            if (othersWrite || requests.ChangeCount == 0)
            {
                await CatchUpAsync(cancel);
                await sealing.ReadHeadAsync(cancel);
                othersWrite = false;
            }

            if (!IsUnknown)
            {
                await SealAsync(requests, cancel);
                StartPushes(held);
            }
        }
        catch (Exception e)
        {
            requests.Fail(e);
            throw;
        }

        _ = AnswerAsync(requests, position, Version, started);
        snapshots.MayWrite(wanted.Cluster, position);
    }

    /// <summary>
    /// Answers when every proxy that can be reached runs what follows from the requests. The next round does not wait for that.
    /// </summary>
    private async Task AnswerAsync(RequestBatch requests, JournalPosition at, int version, long started)
    {
        var running = Task.WhenAll(workers.Select(worker => worker.RunsAsync(at)));
        await Task.WhenAny(running, Task.Delay(AnswerWithin, time));
        requests.Done();
        if (requests.ChangeCount > 0)
            LogRound(requests.ChangeCount, requests.Cause, version, workers.Count(worker => worker.Report.Running), workers.Length, time.GetElapsedTime(started).TotalMilliseconds);
        reports.Write(workers.Select(worker => worker.Report));
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
            await Task.WhenAll(workers.Select(worker => worker.Current));
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
                var appended = await storage.Journal.AppendAsync(position, line, cancel);
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
        foreach (var worker in workers)
            worker.Want(next, Version, end, difference);
    }

    /// <summary>Routing ─► version, when it is another than the wanted one.</summary>
    private async Task SealAsync(RequestBatch requests, CancellationToken cancel)
    {
        if (await sealing.SealAsync(wanted, position, requests.Cause, cancel))
            LogSealed(Version, sealing.Head.Hash, requests.Cause);
        foreach (var worker in workers)
            worker.Want(wanted, Version, position, WantedDifference.None);
    }

    /// <summary>For each proxy by itself: ReadState ─► Plan ─► Push ─► Verify. None waits for another.</summary>
    private void StartPushes(HeldLease held)
    {
        foreach (var worker in workers.Where(worker => worker.WantsPush))
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "A fresh list lacks {Missing} of {Known} known objects: it is taken for a partial view, and none of them counts as gone")]
    private partial void LogSuspect(int missing, int known);
}
