using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Storage;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Rounds;

/// <summary>Repairs what events missed and what proxies lost: a fresh list of the cluster and of the edge's machines, and every proxy looked at whole. One at a time.</summary>
/// <param name="storage">Where the last report is.</param>
/// <param name="brake">Which lists are not believed at once.</param>
/// <param name="reader">Lists the cluster; null when there is no way to.</param>
/// <param name="feedback">Is told to look at everything, too; null when there is none.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class Resync(ClusterStorage storage, ListBrake brake, IClusterReader? reader, ClusterFeedback? feedback, TimeProvider time, ILogger log) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1);

    /// <summary>Compares with a fresh list, takes what was missed, and reads every proxy back.</summary>
    /// <param name="reconciler">The cluster's.</param>
    /// <param name="confirmed">A list is believed whatever it lacks: a person says that it is right.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageUnavailableException">What was missed could not be journalled.</exception>
    public async Task<ResyncReport> RunAsync(Reconciler reconciler, bool confirmed, CancellationToken cancel)
    {
        await turn.WaitAsync(cancel);
        try
        {
            await reconciler.AcceptAsync([]);
            var last = confirmed ? null : await storage.Resync.ReadAsync(cancel);
            var (listing, unlisted) = await ListAsync(cancel);
            var believed = ResourceKinds.All.Select(entry => entry.Kind).Where(kind => confirmed || last?.Suspects.Any(one => one.Kind == kind) == true).ToHashSet();
            var missed = listing?.Cluster.MissedBy(reconciler.Wanted.Cluster, brake, believed) ?? MissedChanges.None;
            foreach (var suspect in missed.Suspects)
                LogSuspect(suspect.Kind, suspect.Missing, suspect.Known);

            var drift = Drift(reconciler);
            var trouble = await reconciler.ListEdgeAsync(cancel);
            foreach (var worker in reconciler.Workers)
                worker.LookAtEverything();
            feedback?.LookAtEverything();
            await reconciler.AcceptAsync(missed.Changes);
            var report = new ResyncReport(
                time.GetUtcNow(),
                missed.Changes.Length,
                missed.Suspects,
                Drift(reconciler) - drift,
                [.. listing?.Failures ?? [], .. new[] { unlisted, trouble }.OfType<string>()],
                listing?.Refusals.Length ?? 0)
            {
                Refusals = [.. (listing?.Refusals ?? []).Take(ResyncReport.RefusalsKept)],
            };
            await storage.Resync.WriteAsync(report, cancel);
            ReconcilerMetrics.Resynced(report, storage.Id);
            LogResync(report.Missed, report.Drift, report.Failures.Length);
            return report;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Lists the cluster; when it cannot be listed at all, why, unless there is no way to.</summary>
    public async Task<(ClusterListing? Listing, string? Trouble)> ListAsync(CancellationToken cancel)
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

    /// <inheritdoc/>
    public void Dispose() => turn.Dispose();

    /// <summary>Steps that were needed although nothing was known to have changed.</summary>
    private static long Drift(Reconciler reconciler) => reconciler.Workers.Sum(worker => worker.Report.Drift);

    [LoggerMessage(Level = LogLevel.Information, Message = "Resync: {Missed} changes had been missed, {Drift} steps of drift, {Failures} kinds could not be listed")]
    private partial void LogResync(int missed, long drift, int failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot list the cluster: {Reason}")]
    private partial void LogNotListed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Listed, and refused: {Reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A fresh list of {Kind} lacks {Missing} of {Known} known objects: it is taken for a partial view, and none of them counts as gone until a second list says the same or somebody confirms it")]
    private partial void LogSuspect(ResourceKind kind, int missing, int known);
}
