using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Reports;

/// <summary>
/// Every mistake and limit of one cluster as the instance that held the lease last saw them: <c>clusters/&lt;id&gt;/findings</c>, so that a
/// command that only reads storage can show them.
/// </summary>
/// <param name="Format">Which fields there are, and what they mean; see <see cref="Newest"/>.</param>
/// <param name="At">When they became these.</param>
/// <param name="Position">The journal position that they follow from.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Errors">How many of them are errors.</param>
/// <param name="Findings">The first <see cref="Most"/>, errors first.</param>
/// <param name="More">How many more there are than are named.</param>
public sealed record FindingsReport(
    int Format, DateTimeOffset At, string Position, int Total, int Errors, ImmutableArray<Finding> Findings, int More)
{
    /// <summary>The format that is written. A reader shows what it knows of a newer one.</summary>
    public const int Newest = 1;

    /// <summary>How many findings are named.</summary>
    public const int Most = 1000;

    /// <summary>Reports findings.</summary>
    /// <param name="at">The time.</param>
    /// <param name="position">The journal position that they follow from.</param>
    /// <param name="all">All of them.</param>
    public static FindingsReport Of(DateTimeOffset at, JournalPosition position, IReadOnlyCollection<Finding> all) => new(
        Newest, at, position.ToString(), all.Count, all.Count(one => one.Severity == Severity.Error), [.. Ordered(all).Take(Most)],
        Math.Max(0, all.Count - Most));

    /// <summary>Errors first, then by object, reason and message; of one object the one that counts the rest is last.</summary>
    public static IEnumerable<Finding> Ordered(IEnumerable<Finding> findings) => findings
        .OrderByDescending(one => one.Severity)
        .ThenBy(one => one.Object, ResourceKey.Order)
        .ThenBy(one => one.Reason == FindingLimit.MoreReason)
        .ThenBy(one => one.Reason, StringComparer.Ordinal)
        .ThenBy(one => one.Message, StringComparer.Ordinal);
}
