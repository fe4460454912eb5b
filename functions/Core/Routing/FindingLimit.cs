using System.Globalization;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>
/// Bounds what is told of one object, wherever findings are gathered: the worst of them, and how many more there are. So whoever
/// writes an object with ten thousand mistakes fills no version, no log and no list of Events with them.
/// </summary>
public static class FindingLimit
{
    /// <summary>Findings of one object that are told, besides the one that counts the rest.</summary>
    public const int OfAnObject = 20;

    /// <summary>The reason of the finding that counts the rest.</summary>
    public const string MoreReason = "MoreFindings";

    /// <summary>
    /// Errors first, else in the order in which they come, up to <see cref="OfAnObject"/> for each object, and one that counts those of it
    /// that are left out.
    /// </summary>
    /// <param name="findings">All of each object's findings, in an order that is the same everywhere.</param>
    public static IEnumerable<Finding> Limited(this IEnumerable<Finding> findings)
    {
        foreach (var ofObject in findings.GroupBy(finding => finding.Object))
        {
            Finding[] all = [.. ofObject.OrderByDescending(finding => finding.Severity)];
            foreach (var finding in all.Take(OfAnObject))
                yield return finding;
            if (all.Length > OfAnObject)
                yield return More(ofObject.Key, all[OfAnObject].Severity, all.Length - OfAnObject);
        }
    }

    private static Finding More(ResourceKey at, Severity worst, int count) => new(at, worst, MoreReason, string.Create(
        CultureInfo.InvariantCulture,
        $"and {count:N0} more of this object, which are not told. Put right those that are, and others take their place."));
}
