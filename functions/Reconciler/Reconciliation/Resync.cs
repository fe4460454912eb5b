using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Reports;
using IngressReconciler.Storage;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Reconciliation;

/// <summary>Repairs what events missed and what proxies lost: a fresh list of the cluster and of the edge's machines, and every proxy looked at whole. One at a time.</summary>
/// <param name="storage">Where the last report is.</param>
/// <param name="guard">Which lists are rejected at first.</param>
/// <param name="reader">Lists the cluster; null when there is no way to.</param>
/// <param name="feedback">Is told to look at everything, too; null when there is none.</param>
/// <param name="retention">Removes old versions beside it; the report says how many.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class Resync(
    ClusterStorage storage,
    MassDeletionLimits guard,
    IClusterReader? reader,
    ClusterFeedback? feedback,
    VersionRetention retention,
    TimeProvider time,
    ILogger log) : IAsyncDisposable
{
    /// <summary>How often a record that another instance's came before is written again.</summary>
    private const int RecordTries = 5;

    /// <summary>How long the first push of all waits for addresses of proxies to be confirmed: it looks at what they serve.</summary>
    private static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim turn = new(1);

    /// <summary>Compares with a fresh list, takes what was missed, and reads every proxy back.</summary>
    /// <param name="reconciler">The cluster's.</param>
    /// <param name="confirmed">A list is followed whatever it lacks or contradicts: a person says that it is right.</param>
    /// <param name="alone">
    /// Whether this list confirms none before it: it is made because we have just started, or a kind could not be listed a moment ago.
    /// </param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageUnavailableException">What was missed could not be journalled.</exception>
    public async Task<ResyncReport> RunAsync(Reconciler reconciler, bool confirmed, bool alone, CancellationToken cancel)
    {
        await turn.WaitAsync(cancel);
        try
        {
            retention.Ask();
            await reconciler.JournalAsync([], cancel);
            var before = reconciler.Wanted.Cluster;
            var history = ClusterHistory.Of(before); // what a first list brings was not missed
            var earlier = await EarlierAsync(confirmed, alone, cancel);
            var (listing, unlisted) = await ListAsync(cancel);
            var missed = listing?.Cluster.MissedBy(before, reconciler.Wanted.Cluster, guard, earlier) ?? MissedChanges.None;
            var drift = Drift(reconciler);
            var trouble = await reconciler.ListEdgeAsync(cancel);
            foreach (var worker in reconciler.Workers)
                worker.LookAtEverything();
            feedback?.LookAtEverything();
            await reconciler.JournalAsync(missed.Changes, cancel);
            var suspects = missed.Suspects;
            string? unconfirmed = null;
            if (listing is not null)
            {
                (var lacking, unconfirmed) = await RecordAsync(reconciler, missed.Complete, listing.Cluster, earlier, cancel);
                suspects = suspects.AddRange(lacking);
            }

            Say(missed, suspects);
            var (removed, notRemoved) = retention.Take();
            var report = new ResyncReport(
                time.GetUtcNow(),
                missed.Changes.Count(change => change.Replaces is null && history.Has(change.Key.Kind)),
                suspects,
                Drift(reconciler) - drift,
                [.. listing?.Failures ?? [], .. new[] { unlisted, trouble, unconfirmed }.OfType<string>()],
                listing?.Refusals.Length ?? 0)
            {
                Refusals = [.. (listing?.Refusals ?? []).Take(ResyncReport.RefusalsKept)],
                Corrected = missed.Corrected.Length,
                Contradictions = [.. missed.Corrected.Take(ResyncReport.MostContradictions).Select(one => $"{one}")],
                MadeAnew = missed.Another is null ? null : MadeAnew(missed, listing!.Cluster),
                RemovedVersions = removed,
                NotRemoved = notRemoved,
                Versions = earlier.Versions.SetItems(listing?.Cluster.Kinds ?? []).ToImmutableSortedDictionary(),
            };
            await storage.Resync.WriteAsync(report, cancel);
            ReconcilerMetrics.Resynced(report.Missed, report.Suspects.Select(one => one.Kind), storage.Id);
            LogResync(report.Missed, report.Corrected, report.Drift, report.Failures.Length);
            return report;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Waits for those that are under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await turn.WaitAsync();
        turn.Dispose();
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
            foreach (var reason in listing.Refusals.Take(ResyncReport.RefusalsKept))
                LogRefused(reason);
            return (listing, null);
        }
        catch (IOException e)
        {
            LogNotListed(e.Message);
            return (null, e.Message);
        }
    }

    private async Task<EarlierLists> EarlierAsync(bool confirmed, bool alone, CancellationToken cancel)
    {
        var earlier = (await storage.Resync.ReadAsync(cancel))?.Earlier ?? EarlierLists.None;
        return earlier with { Suspects = alone ? [] : earlier.Suspects, Confirmed = confirmed };
    }

    /// <summary>
    /// Records which kinds were listed, once all that they say is journalled: from then on they may be pushed. Before the first push of
    /// all, what proxies serve already is looked at: a kind that lacks most of it is not recorded.
    /// </summary>
    /// <returns>The kinds that were rejected for that; and why nobody could look, in which case Pods are not recorded.</returns>
    private async Task<(ImmutableArray<SuspectList> Lacking, string? Unconfirmed)> RecordAsync(
        Reconciler reconciler, ImmutableArray<ResourceKind> kinds, ClusterList list, EarlierLists earlier, CancellationToken cancel)
    {
        ImmutableArray<SuspectList> lacking = [];
        string? unconfirmed = null;
        if (reconciler.Awaited is { IsEmpty: false } awaited && !awaited.Except(kinds).Any())
        {
            if (await reconciler.ConfirmedAsync(ConfirmWithin, cancel) is [var (name, trouble), ..])
            {
                var why = trouble is null ? "" : $": {trouble}";
                unconfirmed = $"{ResourceKind.Pod}: the address of proxy {name} is not confirmed yet{why}";
                kinds = kinds.Remove(ResourceKind.Pod);
            }

            var judged = await FirstPush.JudgeAsync(reconciler.Workers, reconciler.Configs, guard, cancel);
            lacking = [.. judged.Where(one => kinds.Contains(one.Kind) && !earlier.Believes(one.Kind, one.Reason))];
            kinds = [.. kinds.Where(kind => !lacking.Any(one => one.Kind == kind))];
        }

        for (var i = 0; i < RecordTries && Record() is { } record; i++)
            await reconciler.JournalAsync([new Applied(record)], cancel);
        return (lacking, unconfirmed);

        ClusterHistory? Record() => ClusterHistory.Of(reconciler.Wanted.Cluster).After(kinds, list, reconciler.HasDeletions);
    }

    private void Say(MissedChanges missed, ImmutableArray<SuspectList> suspects)
    {
        foreach (var suspect in suspects)
            LogSuspect(suspect.Kind, Rejection.Of(suspect));
        foreach (var one in missed.Corrected.Take(ResyncReport.MostContradictions))
            LogCorrected($"{one}");
        if (missed.Corrected.Length > ResyncReport.MostContradictions)
            LogMoreCorrected(missed.Corrected.Length - ResyncReport.MostContradictions);
    }

    private string MadeAnew(MissedChanges missed, ClusterList list)
    {
        var sentence = $"the cluster behind {storage.Id} was made anew: Service default/kubernetes had uid {missed.Another} and has "
            + $"{list.Uid}; {missed.Changes.Length} changes were taken from the fresh list, whatever versions were known";
        LogAnother(sentence);
        return sentence;
    }

    /// <summary>Steps that were needed although nothing was known to have changed.</summary>
    private static long Drift(Reconciler reconciler) => reconciler.Workers.Sum(worker => worker.Report.Drift);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Resync: {Missed} changes had been missed, {Corrected} versions were wrong, {Drift} steps of drift, "
            + "{Failures} kinds could not be listed")]
    private partial void LogResync(int missed, int corrected, long drift, int failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot list the cluster: {Reason}")]
    private partial void LogNotListed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Listed, and refused: {Reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A fresh list of {Kind} is rejected: it {Reason}. What it says against that is left "
            + "until a second list says the same or somebody confirms it")]
    private partial void LogSuspect(ResourceKind kind, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Contradiction}: taken from the list")]
    private partial void LogCorrected(string contradiction);

    [LoggerMessage(Level = LogLevel.Warning, Message = "… and {More} objects and deletions more were taken from the list")]
    private partial void LogMoreCorrected(int more);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sentence}")]
    private partial void LogAnother(string sentence);
}
