using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>Shows reports: to people, to programs, and in docs/benchmarks.md.</summary>
public static class Output
{
    private const string Head = """
        # Benchmarks

        Written by `scripts/bench --write`; `scripts/bench --help` says what there is to run. Ratios come from one run in which the alternatives
        took turns; absolute times are this machine's. Aims are ours, and stand below the tables.

        """;

    /// <summary>Prints a report for people.</summary>
    public static void Print(Report report, Conditions conditions)
    {
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 160);
        AnsiConsole.Write(new Rule($"[bold]{report.Name.EscapeMarkup()}[/]") { Justification = Justify.Left });
        AnsiConsole.WriteLine(report.Question);
        foreach (var table in report.Tables)
        {
            var drawn = new Spectre.Console.Table { Border = TableBorder.Markdown };
            foreach (var (column, i) in table.Columns.Select((column, i) => (column, i)))
                drawn.AddColumn(new TableColumn(column.EscapeMarkup()) { Alignment = i == 0 ? Justify.Left : Justify.Right });
            foreach (var row in table.Rows)
                drawn.AddRow([.. row.Select(cell => new Text(cell))]);
            AnsiConsole.Write(drawn);
        }

        foreach (var aim in report.Aims)
            AnsiConsole.MarkupLine($"[{(aim.Met ? "green" : "red")}]{(aim.Met ? "met   " : "missed")}[/] {Line(aim).EscapeMarkup()}");
        foreach (var note in report.Notes)
            AnsiConsole.WriteLine($"- {note}");
        AnsiConsole.WriteLine(conditions.ToString());
        AnsiConsole.WriteLine();
    }

    /// <summary>All reports in one JSON document.</summary>
    public static string Json(Conditions conditions, IReadOnlyList<Report> reports) => JsonSerializer.Serialize(new Run(conditions, reports), OutputJson.Default.Run);

    /// <summary>Puts reports into the document, each in the place of its predecessor.</summary>
    public static void Write(string file, Conditions conditions, IEnumerable<Report> reports)
    {
        var sections = File.Exists(file)
            ? File.ReadAllText(file).Split("\n## ").Skip(1).ToDictionary(text => text.Split('\n')[0], text => $"## {text.TrimEnd()}\n", StringComparer.Ordinal)
            : [];
        foreach (var report in reports)
            sections[report.Name] = Markdown(report, conditions);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, Head + "\n" + string.Join('\n', sections.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value)));
    }

    private static string Markdown(Report report, Conditions conditions)
    {
        var text = new StringBuilder($"## {report.Name}\n\n{report.Question}\n\nConditions: {conditions}.\n");
        foreach (var table in report.Tables)
        {
            text.Append($"\n| {string.Join(" | ", table.Columns)} |\n|---|{string.Concat(Enumerable.Repeat("---:|", table.Columns.Count - 1))}\n");
            foreach (var row in table.Rows)
                text.Append($"| {string.Join(" | ", row)} |\n");
        }

        if (report.Aims.Count > 0)
            text.Append('\n');
        foreach (var aim in report.Aims)
            text.Append($"- {(aim.Met ? "met" : "**missed**")}: {Line(aim)}\n");
        if (report.Notes.Count > 0)
            text.Append('\n');
        foreach (var note in report.Notes)
            text.Append($"- {note}\n");
        return text.ToString();
    }

    private static string Line(Aim aim) => $"{aim.What}: {Show.Number(aim.Measured)} {aim.Unit}, to be at most {Show.Number(aim.Limit)}";
}

/// <summary>What <c>--json</c> prints.</summary>
public sealed record Run(Conditions Conditions, IReadOnlyList<Report> Reports);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Run))]
internal sealed partial class OutputJson : JsonSerializerContext;
