using System.Globalization;
using Spectre.Console;

namespace IngressReconciler.Demo;

/// <summary>What the demo shows: a line for each thing, plain where there is no terminal.</summary>
internal static class Screen
{
    private const int PlainWidth = 1000;

    /// <summary>To be called first.</summary>
    public static void Prepare()
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = PlainWidth;
    }

    /// <summary>Begins a part.</summary>
    public static void Part(string title)
    {
        AnsiConsole.WriteLine();
        AnsiConsole.MarkupLine($"[bold]{Markup.Escape(title)}[/]");
    }

    /// <summary>Does something and says what came of it.</summary>
    public static async Task StepAsync(string what, Func<Task<string>> doing)
    {
        var outcome = "";
        if (AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected)
            await AnsiConsole.Status().StartAsync(Markup.Escape(what), async _ => outcome = await doing());
        else
            outcome = await doing();
        AnsiConsole.MarkupLine($"[green]·[/] {Markup.Escape(what.PadRight(13))} {Markup.Escape(outcome)}");
    }

    /// <summary>How a check ended.</summary>
    public static void Verdict(bool passed, string what, string saw) =>
        AnsiConsole.MarkupLine($"{(passed ? "[green]PASS[/]" : "[red]FAIL[/]")} {Markup.Escape(what)} [grey]— {Markup.Escape(saw)}[/]");

    /// <summary>Text as it is.</summary>
    public static void Text(string text) => AnsiConsole.WriteLine(text.TrimEnd());

    /// <summary>A table.</summary>
    public static void Table(string[] columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(columns);
        foreach (var row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        AnsiConsole.Write(table);
    }

    /// <summary>Milliseconds with one digit.</summary>
    public static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms";
}
