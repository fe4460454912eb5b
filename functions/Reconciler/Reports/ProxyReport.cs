using IngressReconciler.Cluster;
using IngressReconciler.Proxies;

namespace IngressReconciler.Reports;

/// <summary>How a proxy stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Running">Whether it was last seen to run what is wanted.</param>
/// <param name="Version">The version that was last pushed and read back; 0 for none.</param>
/// <param name="Position">The journal position that it follows.</param>
/// <param name="At">When it was last seen.</param>
/// <param name="Process">The process; null before the first contact.</param>
/// <param name="Pushes">Pushes since this instance started.</param>
/// <param name="Drift">Steps that were needed although nothing was known to have changed.</param>
/// <param name="Trouble">Why it does not run what is wanted; null when it does.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Bootstrap">What its bootstrap offers; null before the first contact.</param>
public sealed record ProxyReport(
    string Name, bool Running, int Version, string Position, DateTimeOffset At, ProxyProcess? Process, long Pushes, long Drift, string? Trouble,
    ProxyRole Role = ProxyRole.Ingress, ProxyBootstrap? Bootstrap = null)
{
    /// <summary>The same after a push that was read back.</summary>
    internal ProxyReport After(
        PushOutcome outcome, int drift, int version, JournalPosition position, DateTimeOffset at) =>
        this with
        {
            Running = true,
            Version = version,
            Position = position.ToString(),
            At = at,
            Process = outcome.Process,
            Bootstrap = outcome.Bootstrap,
            Pushes = Pushes + 1,
            Drift = Drift + drift,
            Trouble = RefusalFindings.Sum(outcome.Refused),
        };
}
