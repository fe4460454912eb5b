using IngressReconciler.Cluster;
using IngressReconciler.Telemetry;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Answers the requests of a round when every proxy that can be reached runs what follows from them, and says in the log how that went. The
/// next round does not wait for it.
/// </summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="proxies">Its proxies.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where it is told.</param>
public sealed partial class RoundAnswers(string cluster, ProxySet proxies, TimeProvider time, ILogger log)
{
    /// <summary>How long an answer waits for proxies. A slower one is pushed to all the same; it only is not waited for.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);

    /// <summary>Proxies that do not run what is wanted, in a log line: how many are named.</summary>
    private const int ProxiesNamed = 5;

    private Task answering = Task.CompletedTask;

    /// <summary>Completes when all are answered. Never fails.</summary>
    public Task Done => answering;

    /// <summary>Takes a round. Only the loop calls this.</summary>
    /// <param name="requests">What was asked.</param>
    /// <param name="at">The journal's position after it.</param>
    /// <param name="version">The version that is wanted.</param>
    /// <param name="started">The clock's timestamp when the round began.</param>
    /// <param name="isPushed">Whether proxies are pushed to at all.</param>
    /// <param name="reports">Where it is stored how each proxy stands then.</param>
    public void Add(RequestBatch requests, JournalPosition at, int version, long started, bool isPushed, ReportWriter reports)
    {
        var answer = AnswerAsync(requests, at, version, started, isPushed, reports);
        answering = answering.IsCompleted ? answer : Task.WhenAll(answering, answer);
    }

    private async Task AnswerAsync(
        RequestBatch requests, JournalPosition at, int version, long started, bool isPushed, ReportWriter reports)
    {
        var workers = proxies.Workers;
        if (isPushed)
            await Task.WhenAny(Task.WhenAll(workers.Select(worker => worker.RunsAsync(at))), Task.Delay(Within, time));
        requests.Done();
        if (requests.ChangeCount > 0)
        {
            ReconcilerMetrics.Round(time.GetElapsedTime(started), cluster);
            var late = workers.Where(worker => !worker.Runs(at));
            string[] behind = [.. late.Select(worker => $"{worker.Name} {worker.Report.Trouble ?? "is still being pushed to"}")];
            var rest = behind.Length > ProxiesNamed ? $"; and {behind.Length - ProxiesNamed} more" : "";
            LogRound(
                behind.Length == 0 ? LogLevel.Information : behind.Length < workers.Length ? LogLevel.Warning : LogLevel.Error,
                requests.ChangeCount, requests.Cause, version, workers.Length - behind.Length, workers.Length,
                time.GetElapsedTime(started).TotalMilliseconds,
                behind.Length == 0 ? "" : $". {string.Join("; ", behind.Take(ProxiesNamed))}{rest}");
        }

        reports.Write(workers.Select(worker => worker.Report));
    }

    [LoggerMessage(
        Message = "{Changes} changes ({Cause}): version {Version} runs on {Running} of {Proxies} proxies after {Milliseconds:0.0} ms{Behind}")]
    private partial void LogRound(
        LogLevel level, int changes, string cause, int version, int running, int proxies, double milliseconds, string behind);
}
