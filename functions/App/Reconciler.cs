using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
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
    /// <summary>How long an event's answer waits for its turn. It is journalled then: whoever has the lease next pushes it.</summary>
    private static readonly TimeSpan TurnWithin = TimeSpan.FromSeconds(15);

    /// <summary>How often the journal is looked at while a slow proxy is all that keeps the lease: what others write is for the other proxies.</summary>
    private static readonly TimeSpan LookWithin = TimeSpan.FromMilliseconds(50);

    /// <summary>The shortest time between two lists that deletions by events have asked for.</summary>
    private static readonly TimeSpan BetweenLists = TimeSpan.FromSeconds(1);

    private readonly RequestQueue queue = new(time);
    private readonly CancellationTokenSource stopping = new();
    private readonly ReportWriter reports = new(storage.Proxies, log);
    private readonly JournalFollower journal = new(storage.Journal);
    private readonly PushTurn turn = new(storage.PushLease, proxies);
    private readonly SnapshotWriter snapshots = new(storage, time, log);
    private readonly Resync resync = new(storage, options.Brake, reader, feedback, time, log);
    private readonly FirstList firstList = new(reader, storage.Environment, time, log);
    private readonly EdgeMachines machines = new(edge, time, log);
    private readonly PodDisputes disputes = new(storage.Id, time, log);
    private readonly FindingsWriter findings = new(storage.Findings, time, log);
    private readonly UnjournalledObjects unjournalled = new(log);
    private readonly RoundAnswers answers = new(storage.Id, proxies, time, log);
    private Task running = Task.CompletedTask;

    // What this instance knows. Only the loop writes it.
    private Wanted wanted = Wanted.Of(ClusterState.Empty, options);
    private VersionSealing sealing = new(storage, time);
    private ClusterGauges? gauges;
    private HeldDeletions? held;
    private Passes? lists;

    /// <summary>What is wanted, as far as this instance knows.</summary>
    public Wanted Wanted => Volatile.Read(ref wanted);

    /// <summary>How each proxy stands.</summary>
    public IEnumerable<ProxyReport> Proxies => proxies.Workers.Select(worker => worker.Report);

    /// <summary>One for each proxy, by name.</summary>
    public ImmutableArray<ProxyWorker> Workers => proxies.Workers;

    /// <summary>Mistakes and limits: of routing, of endpoints, what the journal cannot hold, and what proxies refuse.</summary>
    public IEnumerable<Finding> Findings => Wanted.FindingsWith(
        unjournalled.Findings.Concat(RefusalFindings.Of(proxies.Workers.Select(worker => (worker.Name, worker.Refused)))));

    /// <summary>
    /// Pods that nothing is sent to before the API server confirms their address, each with why it has not, as far as that is known.
    /// </summary>
    public ImmutableArray<(string Name, string? Trouble)> Unconfirmed => proxies.Waiting;

    /// <summary>What was said of proxies' addresses, and the API server did not confirm: the newest, since this instance started.</summary>
    public IReadOnlyList<(DateTimeOffset At, string Sentence)> Disputes => disputes.Newest;

    /// <summary>Deletions by events that wait for a list, kind by kind, in sentences.</summary>
    public IEnumerable<string> HeldDeletions => held?.Sentences ?? [];

    /// <summary>What could not be written to the cluster.</summary>
    public IEnumerable<WriteFailure> WriteFailures => feedback?.Failures ?? [];

    /// <summary>The version that is wanted.</summary>
    public int Version => sealing.Head.Version;

    /// <summary>
    /// Kinds that must be listed before proxies are pushed to. None once there is a version: what proxies run then came from lists, and one
    /// that fails later takes nothing away.
    /// </summary>
    public ImmutableArray<ResourceKind> Awaited
    {
        get
        {
            if (Version > 0 || reader is null)
                return [];
            var history = ClusterHistory.Of(Wanted.Cluster);
            return [.. reader.Kinds.Where(kind => !history.Has(kind))];
        }
    }

    /// <summary>Where in the journal this instance is.</summary>
    public JournalPosition Position => journal.Position;

    /// <summary>Begins. Returns at once; what is asked for before the state is loaded waits for it.</summary>
    public void Start()
    {
        proxies.Start(queue.Wake);
        gauges = new(storage.Id, this, proxies, queue, time);
        lists = new(ListSoonAsync, LogListBug);
        held = reader is null ? null : new(storage.Id, options.Brake, lists.Ask, log);
        running = Task.Run(() => RunAsync(stopping.Token));
    }

    /// <summary>Takes changes: returns when they are journalled and every proxy that can be reached runs what follows from them.</summary>
    /// <exception cref="StorageUnavailableException">They could not be journalled: send them again.</exception>
    public async Task AcceptAsync(IEnumerable<ResourceChange> changes)
    {
        await JournalAsync([.. changes], CancellationToken.None);
        if (!firstList.Tried.IsCompleted)
            await Task.WhenAny(firstList.Tried, Task.Delay(TurnWithin, time));
    }

    /// <summary>The same for whoever lists the cluster: the first list is not waited for.</summary>
    /// <exception cref="StorageUnavailableException">They could not be journalled.</exception>
    internal Task JournalAsync(ImmutableArray<ResourceChange> changes, CancellationToken cancel) => queue.Add(changes).WaitAsync(cancel);

    /// <summary>Whether a list of a kind has deletions by events to make good.</summary>
    internal bool HasDeletions(ResourceKind kind) => held?.IsOpen(kind) == true;

    /// <summary>Waits until every Pod is confirmed that the journal has as a proxy.</summary>
    /// <param name="atMost">How long.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Those that are not; none when all are.</returns>
    /// <exception cref="StorageUnavailableException">The journal cannot be read.</exception>
    internal async Task<ImmutableArray<(string Name, string? Trouble)>> ConfirmedAsync(TimeSpan atMost, CancellationToken cancel)
    {
        await Task.WhenAny(proxies.ConfirmedAsync(), Task.Delay(atMost, time, cancel));
        var left = proxies.Waiting;
        await JournalAsync([], cancel); // the loop has what was confirmed
        return left;
    }

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

        // As with a list: what was known before it was read, and is newer, comes from no history that the cluster still has.
        var known = Wanted.Cluster.VersionOf(key);
        if (await reader.ReadAsync(key, cancel) is not { } resource)
            return;
        var version = resource.Metadata.ResourceVersion;
        var wrong = known is not null && ResourceVersion.Compare(known, version) > 0 ? new Contradiction(key, known, version) : null;
        if (wrong is not null)
            LogCorrected($"{wrong}");
        await AcceptAsync([new Applied(resource) { Origin = origin, Replaces = wrong?.Known }]);
    }

    /// <summary>Lists the edge's machines anew; those that have come or gone since are taken before the next round.</summary>
    /// <returns>Why they cannot be listed; null when they were, or when there is no scale set.</returns>
    public Task<string?> ListEdgeAsync(CancellationToken cancel) => machines.ListAsync(queue.Wake, cancel);

    /// <summary>Compares with a fresh list, takes what was missed, and reads every proxy back.</summary>
    /// <param name="confirmed">A list is believed whatever it lacks: a person says that it is right.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageUnavailableException">What was missed could not be journalled.</exception>
    public async Task<ResyncReport> ResyncAsync(bool confirmed, CancellationToken cancel)
    {
        var report = await resync.RunAsync(this, confirmed, alone: false, cancel);
        await reports.KeepAsync(proxies.Workers.Select(worker => worker.Name), cancel);
        return report;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        gauges?.Dispose();
        await stopping.CancelAsync();
        await running;
        await firstList.DisposeAsync();
        if (lists is not null)
            await lists.DisposeAsync();
        await proxies.DisposeAsync();
        await answers.Done;
        await turn.LetGoAsync();
        await reports.DisposeAsync();
        await findings.DisposeAsync();
        await machines.DisposeAsync();
        await snapshots.DisposeAsync();
        if (feedback is not null)
            await feedback.DisposeAsync();
        stopping.Dispose();
        resync.Dispose();
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
                LogReload(e, Position);
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
        var (state, at) = await snapshots.LoadAsync(cancel);
        journal.GoOnFrom(at);
        Volatile.Write(ref wanted, Wanted.Of(state, options).Beside(EdgeAddresses).Next);
        sealing = new(storage, time);
        sealing.Begin(wanted.Model);
        feedback?.Load(at);
        held?.Load(state);
        proxies.Load(state);
        foreach (var worker in proxies.Workers)
        {
            worker.LookAtEverything();
            worker.Want(wanted, Version, Position, WantedDifference.None);
        }

        LogLoaded(state.Resources.Count, wanted.Model.Hosts.Count, Position, time.GetElapsedTime(started).TotalMilliseconds);
        machines.Refresh(queue.Wake, cancel);

        if (IsUnknown)
            await sealing.ReadHeadAsync(cancel);
        firstList.Begin(this, resync);
        queue.Wake();
    }

    /// <summary>The edge's machines as they were last listed ─► edge proxies.</summary>
    private void TakeEdge()
    {
        if (!machines.TryTake(out var now))
            return;
        foreach (var name in proxies.Take(now))
            reports.Remove(name);
        var (next, difference) = wanted.Beside(EdgeAddresses);
        Volatile.Write(ref wanted, next);
        foreach (var worker in proxies.Workers)
            worker.Want(next, Version, Position, difference);
    }

    /// <summary>Where edge proxies are, as far as that is said by addresses: no endpoint may be there.</summary>
    private IEnumerable<IPAddress> EdgeAddresses => proxies.Workers.Where(worker => worker.Role == ProxyRole.Edge)
        .SelectMany(worker => IPAddress.TryParse(worker.Address.Host, out var address) ? new[] { address } : []);

    /// <summary>What the API server has said of Pods ─► ingress proxies; what the journal has otherwise is put right.</summary>
    private void TakeConfirmed()
    {
        if (proxies.TakeConfirmed(wanted.Cluster) is not { } taken)
            return;
        foreach (var name in taken.Gone)
            reports.Remove(name);
        foreach (var worker in proxies.Workers)
            worker.Want(wanted, Version, Position, WantedDifference.None);
        disputes.Add(taken.Disputes);
        if (!taken.Disputes.IsEmpty)
            _ = queue.Add([.. taken.Disputes.Select(one => one.Correction)]);
    }

    /// <summary>A list that deletions by events have asked for. It confirms none before it.</summary>
    private async Task ListSoonAsync(CancellationToken cancel)
    {
        try
        {
            await resync.RunAsync(this, confirmed: false, alone: true, cancel);
        }
        catch (StorageUnavailableException e)
        {
            LogStorage(e.Message);
        }

        await Task.Delay(BetweenLists, time, cancel);
    }

    /// <summary>
    /// Not all of the cluster is known yet, or nothing was ever heard of it where it cannot be listed. That is no wish for an empty one,
    /// and proxies are left as they are.
    /// </summary>
    private bool IsUnknown => reader is null ? Position == JournalPosition.Start : !Awaited.IsEmpty;

    private async Task RoundsAsync(CancellationToken cancel)
    {
        while (true)
        {
            TakeEdge();
            TakeConfirmed();
            if (!queue.IsEmpty || (!IsUnknown && (sealing.IsDue || (turn.Lease is null && proxies.Workers.Any(worker => worker.WantsPush)))))
            {
                await RoundAsync(cancel);
                continue;
            }

            if (turn.Lease is { } held)
            {
                StartPushes(held);
                var pushing = proxies.Workers.Any(worker => !worker.Current.IsCompleted);
                TellFeedback();
                if (pushing && await queue.WaitAsync(LookWithin, cancel))
                    continue;

                // Nothing is left to somebody who has already finished: what others wrote while we had the lease is ours to push.
                if (await journal.CatchUpAsync(Follow, cancel))
                    await RoundAsync(cancel);
                else if (!pushing)
                    await turn.LetGoAsync();
                continue;
            }

            await queue.WaitAsync(Timeout.InfiniteTimeSpan, cancel);
        }
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        machines.Refresh(queue.Wake, cancel);
        var requests = queue.Take();
        TakeEdge(); // what was listed before somebody asked
        TakeConfirmed();
        using var span = Traces.Start("reconciler.round", ActivityKind.Consumer, requests.Traces)?.SetTag("cluster", storage.Id);
        try
        {
            if (!await TakeTurnAsync(requests, cancel))
            {
                // Another instance is at it. It reads the journal to the end before it lets go, and then it is our turn to look.
                journal.OthersWrite = true;
                if (requests.ChangeCount == 0)
                    span.Forget();
                queue.PutBack(requests, giveUpAfter: TurnWithin);
                await Task.Delay(TimeSpan.FromMilliseconds(5 + Random.Shared.Next(15)), time, cancel);
                return;
            }

            if (!IsUnknown)
                await SealAsync(requests, cancel);
            StartPushes(turn.Lease!);
        }
        catch (OperationCanceledException) when (turn.IsLost && !cancel.IsCancellationRequested)
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

        answers.Add(requests, Position, Version, started, isPushed: !IsUnknown, reports);
        snapshots.MayWrite(wanted.Cluster, Position);
        TellFeedback();
    }

    /// <summary>Journals the requests; false when another instance has the lease. With it, we know all that anybody may have pushed.</summary>
    private async Task<bool> TakeTurnAsync(RequestBatch requests, CancellationToken cancel)
    {
        var had = turn is { Lease: not null, IsLost: false };
        var acquiring = turn.TakeAsync(cancel);
        try
        {
            var batches = requests.Batches(wanted.Cluster, time.GetUtcNow());
            requests.ChangeCount = await journal.AppendAsync(
                batches, batch => held is null ? batch : held.Admit(batch, wanted.Cluster), Follow, cancel);
            unjournalled.Add(requests.TooLarge);
        }
        finally
        {
            // Only an append that came after the lease proves that nobody has written and pushed before it was ours.
            had |= acquiring.IsCompletedSuccessfully && requests.ChangeCount > 0;
            await acquiring;
        }

        if (turn.Lease is null)
            return false;
        if (journal.OthersWrite || !had)
        {
            await journal.CatchUpAsync(Follow, cancel);
            await sealing.ReadHeadAsync(cancel);
            journal.OthersWrite = false;
        }

        return true;
    }

    /// <summary>Journal ─► cluster state ─► routing and endpoints, each at the cost of what changed.</summary>
    private void Follow(JournalBatch batch, int bytes)
    {
        var (next, difference) = wanted.After(batch.Changes, batch.At);
        unjournalled.Follow(batch.Changes);
        held?.Follow(batch.Changes, wanted.Cluster, next.Cluster);
        Volatile.Write(ref wanted, next);
        snapshots.Count(bytes);
        sealing.Follow(difference);
        feedback?.Follow(batch.Changes, difference, Position);
        proxies.Follow(next.Cluster, batch.Changes);
        var awaited = AwaitedChanges.Of(batch, Position, time);
        foreach (var worker in proxies.Workers)
        {
            worker.Telemetry.Await(awaited);
            worker.Want(next, Version, Position, difference);
        }
    }

    /// <summary>Routing ─► version, when it is another than the wanted one.</summary>
    private async Task SealAsync(RequestBatch requests, CancellationToken cancel)
    {
        using var ours = CancellationTokenSource.CreateLinkedTokenSource(cancel, turn.Lease!.Lost);
        using var span = sealing.IsDue ? Traces.Source.StartActivity("version.seal") : null;
        if (await sealing.SealAsync(wanted, Position, requests.Cause, ours.Token))
        {
            span?.SetTag("version", Version);
            ReconcilerMetrics.SealedVersion(storage.Id);
            LogSealed(Version, sealing.Head.Hash, requests.Cause);
        }

        foreach (var worker in proxies.Workers)
            worker.Want(wanted, Version, Position, WantedDifference.None);
    }

    /// <summary>What follows from half of a cluster would be told as its users' mistakes.</summary>
    private void TellFeedback()
    {
        if (IsUnknown)
            return;
        feedback?.Tell(wanted, Proxies, Findings);
        findings.Write(Position, Findings);
    }

    /// <summary>For each proxy by itself: ReadState ─► Plan ─► Push ─► Verify. None waits for another.</summary>
    private void StartPushes(HeldLease held)
    {
        if (IsUnknown)
            return;
        foreach (var worker in proxies.Workers.Where(worker => worker.WantsPush))
            worker.Start(held.Lost);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Objects} objects, {Hosts} hosts at {Position} in {Milliseconds:0} ms")]
    private partial void LogLoaded(int objects, int hosts, JournalPosition position, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sealed version {Version} {Hash}: {Cause}")]
    private partial void LogSealed(int version, string hash, string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Contradiction}: taken as it is")]
    private partial void LogCorrected(string contradiction);

    [LoggerMessage(Level = LogLevel.Error, Message = "A list that deletions have asked for failed in a way that it must not")]
    private partial void LogListBug(Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Proxies go on with what they have")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stopped at {Position}; reading everything anew")]
    private partial void LogReload(Exception e, JournalPosition position);
}
