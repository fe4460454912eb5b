using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

/// <content>What others see of it and ask of it; all that changes anything goes through its queue.</content>
public sealed partial class Reconciler
{
    /// <summary>What is wanted, as far as this instance knows.</summary>
    public DesiredState Wanted => Volatile.Read(ref wanted);

    /// <summary>What the proxies should run, made of what is wanted.</summary>
    public ProxyConfigs Configs => Volatile.Read(ref configs);

    /// <summary>How each proxy stands.</summary>
    public IEnumerable<ProxyReport> Proxies => proxies.Workers.Select(worker => worker.Report);

    /// <summary>One for each proxy, by name.</summary>
    public ImmutableArray<ProxyWorker> Workers => proxies.Workers;

    /// <summary>
    /// Mistakes and limits: of routing, of endpoints, what proxies cannot be told, what the journal cannot hold, and what proxies refuse.
    /// </summary>
    public IEnumerable<Finding> Findings => Wanted.FindingsWith(
        Configs.Findings
            .Concat(unjournalled.Findings)
            .Concat(RefusalFindings.Of(proxies.Workers.Select(worker => (worker.Name, worker.Refused)))));

    /// <summary>
    /// Pods that nothing is sent to before the API server confirms their address, each with why it has not, as far as that is known.
    /// </summary>
    public ImmutableArray<(string Name, string? Trouble)> Unconfirmed => proxies.Waiting;

    /// <summary>What was said of proxies' addresses, and the API server did not confirm: the newest, since this instance started.</summary>
    public IReadOnlyList<(DateTimeOffset At, string Sentence)> Disputes => disputes.Newest;

    /// <summary>Deletions by events that wait for a list, kind by kind, in sentences.</summary>
    public IEnumerable<string> HeldDeletions => held?.Sentences ?? [];

    /// <summary>What other releases wrote to the journal and this one does not read, in one sentence; null for nothing.</summary>
    public string? Unknown => snapshots.Unknown.Sentence;

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
        {
            throw new IOException(
                $"{key} is too large for an event, and this instance has no way to read its cluster: set ApiServer or Kubeconfig");
        }

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
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, cancel);
        var report = await resync.RunAsync(this, confirmed, alone: false, either.Token);
        await reports.KeepAsync(proxies.Workers.Select(worker => worker.Name), either.Token);
        return report;
    }
}
