using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>Judges what users asked for and do not get: <c>findings</c>.</summary>
public static class FindingChecks
{
    /// <summary>Objects that get a check of their own.</summary>
    public const int MostObjects = 20;

    private const string Name = "findings";
    private const int MostOfAnObject = 3;

    /// <summary>Judges all findings of a cluster. They are mistakes of its users, so that none of them is a failure of ours.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="findings">Every finding.</param>
    public static IEnumerable<Check> Judge(string cluster, IEnumerable<Finding> findings)
    {
        Finding[] all = [.. findings];
        IGrouping<ResourceKey, Finding>[] wrong =
            [.. all.Where(one => one.Severity == Severity.Error).GroupBy(one => one.Object).OrderBy(group => group.Key, ResourceKey.Order)];
        foreach (var about in wrong.Take(MostObjects))
        {
            yield return Check.Warning(
                Name,
                $"{about.Key}",
                $"part of it is not served: {Reasons(about)}",
                Remedy(cluster, [.. about.Select(one => one.Message)]));
        }

        if (wrong.Length > MostObjects)
        {
            yield return Check.Warning(
                Name,
                $"cluster {cluster}",
                string.Create(CultureInfo.InvariantCulture, $"part of {wrong.Length - MostObjects} more objects is not served"),
                $"'ingress-reconciler status --cluster {cluster}' and GET /api/{cluster}/status name them");
        }

        if (wrong.Length == 0)
        {
            yield return Check.Ok(
                Name,
                $"cluster {cluster}",
                all.Length == 0
                    ? "none"
                    : string.Create(CultureInfo.InvariantCulture, $"{all.Length} notices, and all that is asked for is served"));
        }
    }

    private static string Reasons(IEnumerable<Finding> findings) => string.Join(
        ", ",
        findings.CountBy(one => one.Reason)
            .Select(pair => pair.Value == 1 ? pair.Key : string.Create(CultureInfo.InvariantCulture, $"{pair.Key} ({pair.Value} times)")));

    private static string Remedy(string cluster, string[] messages) =>
        string.Join("; ", messages.Take(MostOfAnObject))
        + (messages.Length > MostOfAnObject
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"; and {messages.Length - MostOfAnObject} more: GET /api/{cluster}/status has all")
            : "");
}
