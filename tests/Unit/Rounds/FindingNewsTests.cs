using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Rounds;

/// <summary>Which findings get a log line, and which fit into a report; what is left out is counted.</summary>
public sealed class FindingNewsTests
{
    [Fact]
    public void What_appeared_and_what_is_put_right_is_told_errors_first()
    {
        var news = Between(
            [Found("web", "Gone", "1"), Found("web", "Stays", "2")],
            [Found("web", "Stays", "2"), Found("a", "Note", "3", Severity.Notice), Found("web", "New", "4")]);
        Assert.Equal(["+ web New 4", "+ a Note 3", "- web Gone 1"], news.Lines.Select(Text));
        Assert.Equal((0, 0), (news.Appeared, news.PutRight));
    }

    [Fact]
    public void One_that_only_says_something_else_is_not_put_right()
    {
        var news = Between([Found("web", "Why", "one of 2")], [Found("web", "Why", "one of 3")]);
        Assert.Equal(["+ web Why one of 3"], news.Lines.Select(Text));
    }

    [Fact]
    public void One_object_gets_twenty_lines_and_all_together_two_hundred()
    {
        var ofOne = Enumerable.Range(0, 30).Select(i => Found("web", "Why", $"{i:00}"));
        var news = Between([], ofOne);
        Assert.Equal((FindingNews.MostOfAnObject, 30 - FindingNews.MostOfAnObject, 0), (news.Lines.Length, news.Appeared, news.PutRight));

        var ofMany = Enumerable.Range(0, 300)
            .Select(i => Found(string.Create(CultureInfo.InvariantCulture, $"i{i:000}"), "Why", ""))
            .ToArray();
        news = Between(ofOne, ofMany);
        Assert.Equal((FindingNews.MostAtOnce, 100, 1), (news.Lines.Length, news.Appeared, news.PutRight));
    }

    [Fact]
    public void A_report_names_the_first_thousand_and_counts_the_rest()
    {
        var notices = Enumerable.Range(0, 1500)
            .Select(i => Found(string.Create(CultureInfo.InvariantCulture, $"a{i:0000}"), "Note", "", Severity.Notice));
        var report = FindingsReport.Of(DateTimeOffset.UnixEpoch, JournalPosition.Start, [.. notices, Found("z", "Why", "")]);
        Assert.Equal(
            (1, 1501, 1, FindingsReport.Most, 501),
            (report.Format, report.Total, report.Errors, report.Findings.Length, report.More));
        Assert.Equal("z", report.Findings[0].Object.Name);
    }

    [Fact]
    public void The_doctor_warns_of_each_object_that_is_not_served_and_its_remedy_is_what_the_findings_say()
    {
        Finding[] findings =
        [
            Found("web", "Why", "do this"),
            Found("web", "Why", "and that"),
            Found("web", "Note", "well", Severity.Notice),
            Found("b", "Other", "do that"),
        ];
        Check[] checks = [.. FindingChecks.Judge("shop", findings)];
        Assert.Equal(
            [
                "findings Ingress shop/b Warning part of it is not served: Other | do that",
                "findings Ingress shop/web Warning part of it is not served: Why (2 times) | do this; and that",
            ],
            checks.Select(check => $"{check.Name} {check.Subject} {check.State} {check.Found} | {check.Cure}"));

        var fifty = Enumerable.Range(0, 50).Select(i => Found($"i{i}", "Why", ""));
        Assert.Equal(FindingChecks.MostObjects + 1, FindingChecks.Judge("shop", fifty).Count());
        var many = Assert.Single(FindingChecks.Judge("shop", Enumerable.Range(0, 9).Select(i => Found("web", "Why", $"{i}"))));
        Assert.EndsWith("; and 6 more: GET /api/shop/status has all", many.Cure, StringComparison.Ordinal);
        Assert.Equal(CheckState.Ok, Assert.Single(FindingChecks.Judge("shop", [Found("web", "Note", "", Severity.Notice)])).State);
        Assert.Equal(CheckState.Ok, Assert.Single(FindingChecks.Judge("shop", [])).State);
    }

    private static FindingNews Between(IEnumerable<Finding> before, IEnumerable<Finding> now) =>
        FindingNews.Between(before.ToHashSet(), now.ToHashSet());

    private static Finding Found(string ingress, string reason, string message, Severity severity = Severity.Error) =>
        new(new(ResourceKind.Ingress, "shop", ingress), severity, reason, message);

    private static string Text(FindingNews.Line line) =>
        $"{(line.IsPutRight ? '-' : '+')} {line.Finding.Object.Name} {line.Finding.Reason} {line.Finding.Message}";
}
