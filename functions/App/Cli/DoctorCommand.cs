using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using IngressReconciler.Doctor;
using Spectre.Console;

namespace IngressReconciler.Cli;

/// <summary><c>doctor</c>: looks at a running system, from where the function is and, with <c>--edge</c>, from here as a client.</summary>
public static class DoctorCommand
{
    private const int WidthOfAPipe = 200;

    private static readonly Option<string> Cluster = new("--cluster") { Description = "The cluster's id.", HelpName = "ID", DefaultValueFactory = _ => "local" };
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON." };
    private static readonly Option<string?> Edge = new("--edge") { Description = "Also look from here, through the edge's public address for plain HTTP; needs --act-key.", HelpName = "HOST[:PORT]" };
    private static readonly Option<string?> Source = new("--source") { Description = "The address that this machine goes out with, where that is not its own (NAT).", HelpName = "ADDRESS" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "doctor",
            "Check proxies, certificates, versions, findings, nodes, the way through the edge, storage, events and clocks; "
            + "say what is wrong and what to do. Changes nothing. Exits 1 when a check failed.")
        {
            Cluster, RunningFunction.Url, RunningFunction.Key, RunningFunction.ActKey, RunningFunction.RetryFor, Edge, Source, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult given, CancellationToken cancel)
    {
        if (Place(given.GetValue(Edge)) is not { } place)
            return await FailAsync($"--edge is '{given.GetValue(Edge)}'; expected HOST or HOST:PORT, an IPv6 address in brackets");
        IPAddress? source = null;
        if (given.GetValue(Source) is { Length: > 0 } text && !IPAddress.TryParse(text, out source))
            return await FailAsync($"--source is '{text}'; expected an IP address");

        var checks = new List<Check>();
        try
        {
            using var function = RunningFunction.Of(given);
            var cluster = Uri.EscapeDataString(given.GetRequiredValue(Cluster));
            checks.AddRange(await function.AskAsync(HttpMethod.Get, $"{cluster}/doctor", DoctorJson.Default.CheckArray, cancel));
            checks.AddRange(place.Host.Length == 0
                ? [Check.Skipped("client-address", "from here", "not asked for", "give --edge ADDRESS to look through the edge's public address as a client does")]
                : await OutsideChecks.RunAsync(
                    await function.AskAsync(HttpMethod.Post, $"{cluster}/probe", DoctorJson.Default.OpenedProbe, cancel),
                    place.Host,
                    place.Port,
                    source,
                    from: null,
                    cancel));
        }
        catch (FunctionException e)
        {
            checks.Add(Check.Failed("function", given.GetRequiredValue(RunningFunction.Url), e.Message, "give --url and --key of the function app that runs (with --edge --act-key too), and --cluster as in its settings; see that it is started and can be reached from here"));
        }

        if (given.GetValue(Json))
            Console.WriteLine(JsonSerializer.Serialize([.. checks], DoctorJson.Default.CheckArray));
        else
            Show(checks);
        return checks.Any(check => check.State == CheckState.Failed) ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>Where the edge is; an empty host for nowhere, null for what cannot be read.</summary>
    private static (string Host, int Port)? Place(string? text)
    {
        if (text is null or "")
            return ("", 0);
        return Uri.TryCreate($"http://{text}", UriKind.Absolute, out var uri) && uri is { PathAndQuery: "/", UserInfo: "", IdnHost.Length: > 0, Port: > 0 } ? (uri.IdnHost, uri.Port) : null;
    }

    private static async Task<int> FailAsync(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return ExitCode.Failed;
    }

    private static void Show(List<Check> checks)
    {
        // A pipe has no width of its own.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WidthOfAPipe;
        var table = new Table().Border(TableBorder.Simple).AddColumns("", "check", "of", "found", "cure");
        foreach (var check in checks)
            table.AddRow(State(check.State), check.Name, Markup.Escape(check.Subject), Markup.Escape(check.Found), Markup.Escape(check.Cure ?? ""));
        foreach (var narrow in table.Columns.Take(2))
            narrow.NoWrap();
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(string.Join(", ", Enum.GetValues<CheckState>().Select(state => (state, count: checks.Count(check => check.State == state)))
            .Where(pair => pair.count > 0).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.count} {pair.state.ToString().ToLowerInvariant()}"))) + ".");
    }

    private static string State(CheckState state) => state switch
    {
        CheckState.Ok => "[green]ok[/]",
        CheckState.Warning => "[yellow]warning[/]",
        CheckState.Failed => "[red]failed[/]",
        _ => "[grey]skipped[/]",
    };
}
