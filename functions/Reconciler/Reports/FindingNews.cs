using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Reports;

/// <summary>What is worth a log line after findings changed: each that appeared and each that is put right, within bounds.</summary>
/// <param name="Lines">The lines, errors that appeared first.</param>
/// <param name="Appeared">How many more appeared.</param>
/// <param name="PutRight">How many more are put right.</param>
public sealed record FindingNews(ImmutableArray<FindingNews.Line> Lines, int Appeared, int PutRight)
{
    /// <summary>Lines about one object at most.</summary>
    public const int MostOfAnObject = FindingLimit.OfAnObject + 1;

    /// <summary>Lines at most.</summary>
    public const int MostAtOnce = 200;

    /// <summary>One line.</summary>
    /// <param name="Finding">The finding.</param>
    /// <param name="IsPutRight">Whether it is no more.</param>
    public readonly record struct Line(Finding Finding, bool IsPutRight);

    /// <summary>
    /// What lies between two sets of findings. One that only says something else now has appeared anew; nothing is put right.
    /// </summary>
    /// <param name="before">What was found.</param>
    /// <param name="now">What is found.</param>
    public static FindingNews Between(IReadOnlySet<Finding> before, IReadOnlySet<Finding> now)
    {
        var present = now.Select(What).ToHashSet();
        var appeared = FindingsReport.Ordered(now.Where(one => !before.Contains(one))).Select(one => new Line(one, IsPutRight: false));
        var gone = FindingsReport.Ordered(before.Where(one => !present.Contains(What(one)))).DistinctBy(What)
            .Select(one => new Line(one, IsPutRight: true));
        var lines = ImmutableArray.CreateBuilder<Line>();
        var left = new List<Line>();
        var ofObject = new Dictionary<ResourceKey, int>();
        foreach (var line in appeared.Concat(gone))
        {
            var count = ofObject[line.Finding.Object] = ofObject.GetValueOrDefault(line.Finding.Object) + 1;
            if (count <= MostOfAnObject && lines.Count < MostAtOnce)
                lines.Add(line);
            else
                left.Add(line);
        }

        return new(lines.DrainToImmutable(), left.Count(line => !line.IsPutRight), left.Count(line => line.IsPutRight));
    }

    private static (ResourceKey Object, string Reason) What(Finding finding) => (finding.Object, finding.Reason);
}
