using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Coalescing;
using IngressReconciler.Desired;
using IngressReconciler.Kubernetes;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Proxies;
using IngressReconciler.ResourceManager;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Telemetry;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// The flow for one cluster, top to bottom: changes are journalled, the cluster state follows the journal, routing and endpoints follow the
/// state, a changed routing is sealed as a version, and every proxy is pushed to and read back. One loop does all of it; what arrives while it
/// is busy goes together in the next round. Any number of instances may run for one cluster: the journal is their order, the lease lets one
/// push.
/// </summary>
/// <param name="storage">The cluster's state in storage.</param>
/// <param name="options">What the operator set.</param>
/// <param name="retention">Removes old versions; disposed of with this one.</param>
/// <param name="driver">Compiles for its proxies.</param>
/// <param name="proxies">Its proxies.</param>
/// <param name="reader">Reads the cluster past the events; null when there is no way to.</param>
/// <param name="edge">Lists edge proxies that come and go; null when there are none but those that are named.</param>
/// <param name="feedback">Tells the cluster's users what became of what they asked for; null when there is no way to.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
/// <param name="random">Spreads what several instances do at once; null for the process's own.</param>
public sealed partial class Reconciler(
    ClusterStorage storage,
    RoutingOptions options,
    VersionRetention retention,
    IProxyDriver driver,
    ProxySet proxies,
    IClusterReader? reader,
    EdgeScaleSet? edge,
    ClusterFeedback? feedback,
    TimeProvider time,
    ILogger log,
    Random? random = null)
    : IAsyncDisposable
{
    /// <summary>How long an event's answer waits for the lease. It is journalled then: the next holder pushes it.</summary>
    private static readonly TimeSpan TurnWithin = TimeSpan.FromSeconds(15);

    /// <summary>How often the journal is looked at while a slow proxy is all that keeps the lease: what others write is for the other proxies.</summary>
    private static readonly TimeSpan LookWithin = TimeSpan.FromMilliseconds(50);

    /// <summary>The shortest time between two lists that deletions by events have asked for.</summary>
    private static readonly TimeSpan BetweenLists = TimeSpan.FromSeconds(1);

    private readonly Random random = random ?? Random.Shared;
    private readonly RequestQueue queue = new(time);
    private readonly CancellationTokenSource stopping = new();
    private readonly ReportWriter reports = new(storage.Proxies, log);
    private readonly JournalFollower journal = new(storage.Journal);
    private readonly LeaderLease leader = new(storage.PushLease, proxies, time);
    private readonly SnapshotWriter snapshots = new(storage, time, log);
    private readonly Resync resync = new(storage, options.MassDeletion, reader, feedback, retention, time, log);
    private readonly FirstList firstList = new(reader, storage.Environment, time, log);
    private readonly EdgeMachines machines = new(edge, time, log);
    private readonly PodDisputes disputes = new(storage.Id, time, log);
    private readonly FindingsWriter findings = new(storage.Findings, time, log);
    private readonly PushAhead ahead = new();
    private readonly UnjournalledObjects unjournalled = new(log);
    private readonly RoundAnswers answers = new(storage.Id, proxies, time, log);
    private Task running = Task.CompletedTask;

    // What this instance knows. Only the loop writes it.
    private DesiredState wanted = DesiredState.Of(ClusterState.Empty, options);
    private ProxyConfigs configs = ProxyConfigs.Of(driver, DesiredState.Of(ClusterState.Empty, options));
    private VersionSealing sealing = new(storage, time);
    private ClusterGauges? gauges;
    private HeldDeletions? held;
    private CoalescingWorker? lists;
    private bool isUnderLease; // when the last append was begun

    private async Task RoundsAsync(CancellationToken cancel)
    {
        while (true)
        {
            TakeEdge();
            TakeConfirmed();
            var wantsLease = leader.Lease is null && proxies.Workers.Any(worker => worker.WantsPush);
            if (!queue.IsEmpty || (!IsUnknown && (sealing.IsDue || wantsLease)))
            {
                await RoundAsync(cancel);
                continue;
            }

            if (leader.Lease is { } held)
            {
                StartPushes(held);
                var pushing = proxies.Workers.Any(worker => !worker.Current.IsCompleted);
                TellFeedback();
                var isKept = leader.IsKept;
                if ((pushing || isKept) && await queue.WaitAsync(LookWithin, cancel))
                    continue;

                // Nothing is left to somebody who has already finished: what others wrote while we had the lease is ours to push.
                if (await journal.CatchUpAsync(Follow, cancel))
                {
                    leader.Share();
                    await RoundAsync(cancel);
                }
                else if (!pushing && !isKept)
                    await leader.ReleaseAsync();
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
            if (!await AcquireAndJournalAsync(requests, cancel))
            {
                // Another instance is at it. It reads the journal to the end before it releases the lease; then we look.
                journal.OthersWrite = true;
                leader.Share();
                if (requests.ChangeCount == 0)
                    span.Forget();
                queue.PutBack(requests, giveUpAfter: TurnWithin);
                await Task.Delay(TimeSpan.FromMilliseconds(5 + random.Next(15)), time, cancel);
                return;
            }

            if (!IsUnknown)
                await SealAsync(requests, cancel);
            leader.Use();
            retention.MayRun();
            StartPushes(leader.Lease!);
        }
        catch (OperationCanceledException) when (leader.IsLost && !cancel.IsCancellationRequested)
        {
            // Another instance may push now.
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
    private async Task<bool> AcquireAndJournalAsync(RequestBatch requests, CancellationToken cancel)
    {
        var had = leader is { Lease: not null, IsLost: false };
        var acquiring = leader.AcquireAsync(CancellationToken.None); // one that is given up may be ours for long
        try
        {
            var batches = requests.Batches(wanted.Cluster, time.GetUtcNow());
            requests.ChangeCount = await journal.AppendAsync(batches, Admit, Follow, cancel);
            unjournalled.Add(requests.TooLarge);
        }
        finally
        {
            // Only an append that was begun under the lease proves that nobody has written and pushed before it was ours: one that was
            // begun before may have been done long ago, and only its answer came late.
            had |= isUnderLease && requests.ChangeCount > 0;
            await acquiring;
        }

        if (leader.Lease is null)
            return false;
        if (journal.OthersWrite || !had)
        {
            // At once: with the lease nobody else moves the head.
            await Task.WhenAll(journal.CatchUpAsync(Follow, cancel), sealing.ReadHeadAsync(cancel));
            journal.OthersWrite = false;
        }

        return true;
    }

    /// <summary>What of a batch may be journalled. Endpoints go to the proxies meanwhile, where the lease is ours.</summary>
    private JournalBatch? Admit(JournalBatch asked)
    {
        var admitted = held is null ? asked : held.Admit(asked, wanted.Cluster);
        if (admitted is not null)
            isUnderLease = leader is { Lease: not null, IsLost: false };
        if (admitted is null || leader is not { Lease: { } lease, IsLost: false } || journal.OthersWrite || IsUnknown)
            return admitted;
        if (ahead.Begin(admitted, wanted, configs) is var (compiled, changed))
        {
            foreach (var worker in proxies.Workers)
                worker.Want(compiled[worker.Role], Version, Position, changed(worker.Role));
            StartPushes(lease);
        }

        return admitted;
    }

    /// <summary>Journal ─► cluster state ─► routing and endpoints, each at the cost of what changed.</summary>
    private void Follow(JournalBatch batch, int bytes)
    {
        var (next, difference) = wanted.After(batch.Changes, batch.At);
        unjournalled.Follow(batch.Changes);
        held?.Follow(batch.Changes, wanted.Cluster, next.Cluster);
        var changed = ahead.Follow(batch, Compile(next, difference));
        snapshots.Follow(batch, bytes);
        sealing.Follow(difference);
        feedback?.Follow(batch.Changes, difference, Position);
        proxies.Follow(next.Cluster, batch.Changes);
        var awaited = AwaitedChanges.Of(batch, Position, time);
        foreach (var worker in proxies.Workers)
        {
            worker.Telemetry.Await(awaited);
            worker.Want(configs[worker.Role], Version, Position, [.. changed(worker.Role)]);
        }
    }

    /// <summary>Desired state ─► what proxies should run, once for all of a role.</summary>
    private Func<ProxyRole, ConfigDifference> Compile(DesiredState next, DesiredDifference difference)
    {
        (var compiled, var changed) = configs.After(next, difference);
        Volatile.Write(ref wanted, next);
        Volatile.Write(ref configs, compiled);
        return changed;
    }

    /// <summary>Routing ─► version, when it is another than the wanted one.</summary>
    private async Task SealAsync(RequestBatch requests, CancellationToken cancel)
    {
        using var ours = CancellationTokenSource.CreateLinkedTokenSource(cancel, leader.Lease!.Lost);
        using var span = sealing.IsDue ? Traces.Source.StartActivity("version.seal") : null;
        if (await sealing.SealAsync(wanted, Position, requests.Cause, ours.Token))
        {
            span?.SetTag("version", Version);
            ReconcilerMetrics.SealedVersion(storage.Id);
            LogSealed(Version, sealing.Head.Hash, requests.Cause);
        }

        foreach (var worker in proxies.Workers)
            worker.Want(configs[worker.Role], Version, Position);
    }

    /// <summary>What follows from half of a cluster would be told as its users' mistakes.</summary>
    private void TellFeedback()
    {
        if (IsUnknown)
            return;
        feedback?.Tell(wanted, Proxies, Findings);
        findings.Write(Position, Findings);
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
        catch (OperationCanceledException)
        {
            return; // stopping: this, or the loop before it
        }

        await Task.Delay(BetweenLists, time, cancel);
    }

    /// <summary>
    /// Not all of the cluster is known yet, or nothing was ever heard of it where it cannot be listed. That is no wish for an empty one,
    /// and proxies are left as they are.
    /// </summary>
    private bool IsUnknown => reader is null ? Position == JournalPosition.Start : !Awaited.IsEmpty;

    [LoggerMessage(Level = LogLevel.Information, Message = "Sealed version {Version} {Hash}: {Cause}")]
    private partial void LogSealed(int version, string hash, string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Contradiction}: taken as it is")]
    private partial void LogCorrected(string contradiction);

    [LoggerMessage(Level = LogLevel.Error, Message = "A list that deletions have asked for failed in a way that it must not")]
    private partial void LogListBug(Exception e);
}
