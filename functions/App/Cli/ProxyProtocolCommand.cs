using System.CommandLine;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Edge;
using IngressReconciler.Routing;

namespace IngressReconciler.Cli;

/// <summary>
/// <c>proxy-protocol</c>: cuts a running system over to PROXY protocol between edge and ingress proxies, and back, one verified phase after the other. The
/// function takes them; this command asks for one after the other and tells of it, so that it may be ended at any point and given again.
/// </summary>
public static class ProxyProtocolCommand
{
    private static readonly Option<string> Cluster = new("--cluster") { Description = "The cluster's id.", HelpName = "ID", DefaultValueFactory = _ => "local" };
    private static readonly Option<bool> Json = new("--json") { Description = "Print one JSON document a phase." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Show the phases that are left and take none." };
    private static readonly Option<string> Header = Versions();

    /// <summary>The command.</summary>
    public static Command Create() => new("proxy-protocol", "Have the edge tell ingress proxies the client's address by PROXY protocol, or not, without losing a request.")
    {
        Change("enable", "Cut over to PROXY protocol, or to another version of it.", given => given.GetValue(Header) == "v1" ? SendProxy.V1 : SendProxy.V2, Header),
        Change("disable", "Cut back to connections without a PROXY header.", _ => SendProxy.None),
        Status(),
    };

    private static Option<string> Versions()
    {
        var option = new Option<string>("--header") { Description = "v1 (text) or v2 (binary).", HelpName = "VERSION", DefaultValueFactory = _ => "v2" };
        option.AcceptOnlyFromAmong("v1", "v2");
        return option;
    }

    private static Command Change(string name, string description, Func<ParseResult, SendProxy> goal, params Option[] options)
    {
        var command = new Command(name, $"{description} May be ended at any point and given again. Exits 1 when a phase cannot be taken; the system then stays as it is, and serves.")
        {
            Cluster, DryRun, RunningFunction.Url, RunningFunction.Key, RunningFunction.ActKey, RunningFunction.RetryFor, Json,
        };
        foreach (var option in options)
            command.Add(option);
        command.SetAction((given, cancel) => RunAsync(given, goal(given), cancel));
        return command;
    }

    private static Command Status()
    {
        var command = new Command(
            "status",
            "Tell what the edge sends and what the ingress proxies take. Exits 1 when something stands in the way of it.")
        {
            Cluster, RunningFunction.Url, RunningFunction.Key, RunningFunction.RetryFor, Json,
        };
        command.SetAction((given, cancel) => TryAsync(async function =>
        {
            var report = await AskAsync(function, HttpMethod.Get, given, null, cancel);
            Tell(given, report, () => Show(report.Now, report.Obstacles));
            return report.Obstacles.Length == 0 ? ExitCode.Done : ExitCode.Failed;
        }, given));
        return command;
    }

    private static Task<int> RunAsync(ParseResult given, SendProxy to, CancellationToken cancel) => TryAsync(async function =>
    {
        var report = await AskAsync(function, HttpMethod.Get, given, to, cancel);
        if (given.GetValue(DryRun))
        {
            Tell(given, report, () => ShowPlan(report));
            return report.Obstacles.Length == 0 ? ExitCode.Done : ExitCode.Failed;
        }

        while (true)
        {
            var next = report.Left is [var first, ..] ? first : null;
            if (next is not null && !given.GetValue(Json))
                Announce(next);
            report = await AskAsync(function, HttpMethod.Post, given, to, cancel);
            Tell(given, report, () => ShowStep(report, next));
            if (report.Obstacles.Length > 0)
                return ExitCode.Failed;
            if (report.Taken is null)
                return ExitCode.Done;
        }
    }, given);

    private static Task<CutOverReport> AskAsync(RunningFunction function, HttpMethod method, ParseResult given, SendProxy? to, CancellationToken cancel)
    {
        var goal = to switch { null => "", SendProxy.None => "?to=none", SendProxy.V1 => "?to=v1", _ => "?to=v2" };
        return function.AskAsync(
            method,
            $"{Uri.EscapeDataString(given.GetRequiredValue(Cluster))}/proxy-protocol{goal}",
            EdgeJson.Default.CutOverReport,
            cancel);
    }

    private static async Task<int> TryAsync(Func<RunningFunction, Task<int>> run, ParseResult given)
    {
        try
        {
            using var function = RunningFunction.Of(given);
            return await run(function);
        }
        catch (FunctionException e)
        {
            await Console.Error.WriteLineAsync(e.IsOutage ? $"{e.Message}. Nothing is lost: the system serves as it is; give the command again to go on." : e.Message);
            return ExitCode.Failed;
        }
    }

    private static void Tell(ParseResult given, CutOverReport report, Action show)
    {
        if (given.GetValue(Json))
            Console.WriteLine(JsonSerializer.Serialize(report, EdgeJson.Default.CutOverReport));
        else
            show();
    }

    private static void ShowPlan(CutOverReport report)
    {
        Show(report.Now, report.Obstacles);
        Console.WriteLine(report.Left.Length == 0 ? "Nothing is left to do." : "Left to do, each verified before the next:");
        foreach (var (number, phase) in report.Left.Index())
            Console.WriteLine($"  {number + 1}. {phase.Name,-8} {phase.Meaning}");
    }

    private static void Announce(CutOverPhase phase) => Console.WriteLine($"{phase.Name,-8} {phase.Meaning} …");

    private static void ShowStep(CutOverReport report, CutOverPhase? announced)
    {
        // A try whose answer was lost may have taken its phase: this one is the next.
        if (report.Taken is { } other && other != announced)
            Announce(other);
        foreach (var probe in report.Probes.Where(probe => probe.Trouble is null))
            Console.WriteLine($"         {probe.Edge} {probe.Table}: {string.Join(", ", probe.Proxies)} answered as they should ({probe.Connections} connections)");
        foreach (var obstacle in report.Obstacles)
            Console.WriteLine($"         stopped: {obstacle}");
        if (report.Taken is { } taken)
            Console.WriteLine($"         {taken.Name} is done: every proxy was read back and runs it");
        else if (report.Obstacles.Length == 0)
            Show(report.Now, []);
    }

    private static void Show(ProxyProtocolSpec now, IEnumerable<string> obstacles)
    {
        Console.WriteLine($"The edge sends {Name(now.Send)}{(now.Try == now.Send ? "" : $"; for our probes {Name(now.Try)}")}.");
        Console.WriteLine($"The ingress proxies {now.Accept switch
        {
            HeaderAcceptance.None => "believe no header of the edge",
            HeaderAcceptance.Accepted => "believe the edge's headers, and take connections without one",
            _ => "take no connection of the edge without a header",
        }}.");
        foreach (var obstacle in obstacles)
            Console.WriteLine($"In the way: {obstacle}");
    }

    private static string Name(SendProxy header) => header switch { SendProxy.None => "no PROXY header", SendProxy.V1 => "PROXY headers of version 1", _ => "PROXY headers of version 2" };
}
