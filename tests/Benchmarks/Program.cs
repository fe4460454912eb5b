using System.CommandLine;
using IngressReconciler.Benchmarks.DataPlane;
using IngressReconciler.Benchmarks.Measuring;
using IngressReconciler.Benchmarks.Propagation;
using IngressReconciler.Benchmarks.Restore;
using IngressReconciler.Benchmarks.Scale;
using IngressReconciler.Tests.Harness;

var quick = new Option<bool>("--quick") { Description = "Fewer samples, and none of the largest sizes where they take minutes", Recursive = true };
var json = new Option<bool>("--json") { Description = "Print JSON instead of tables", Recursive = true };
var write = new Option<bool>("--write") { Description = "Put the results into docs/benchmarks.md, each in the place of its predecessor", Recursive = true };
var services = new Option<int?>("--services") { Description = "propagation: only a cluster of so many services", Recursive = true };

(string Verb, string What, Func<Selection, Task<Report>> Run)[] benchmarks =
[
    ("dataplane", "CPU of a request, against a hand-written configuration", DataPlaneBenchmark.RunAsync),
    ("propagation", "From an event to every proxy serving what follows from it", PropagationBenchmark.RunAsync),
    ("restore", "From a proxy killed with -9 to ready again", RestoreBenchmark.RunAsync),
    ("scale", "What a cluster's size costs, from event to command", ScaleBenchmark.RunAsync),
];

var root = new RootCommand("Benchmarks of IngressReconciler. Without a verb: all of them.") { quick, json, write, services };
root.SetAction((parsed, _) => RunAsync(parsed, benchmarks.Select(one => one.Run)));
foreach (var (verb, what, run) in benchmarks)
{
    var command = new Command(verb, what);
    command.SetAction((parsed, _) => RunAsync(parsed, [run]));
    root.Add(command);
}

// One state in a process of its own, so that its resident size can be read.
var size = new Argument<int>("services");
var memory = new Command("memory") { size };
memory.Hidden = true;
memory.SetAction(parsed => ScaleBenchmark.PrintMemory(parsed.GetValue(size)));
root.Add(memory);

return await root.Parse(args).InvokeAsync();

async Task<int> RunAsync(ParseResult parsed, IEnumerable<Func<Selection, Task<Report>>> runs)
{
    var selection = new Selection(parsed.GetValue(quick), parsed.GetValue(services));
    var conditions = await Conditions.NowAsync(selection.Quick);
    var reports = new List<Report>();
    foreach (var run in runs)
    {
        var report = await run(selection);
        reports.Add(report);
        if (!parsed.GetValue(json))
            Output.Print(report, conditions);
    }

    if (parsed.GetValue(json))
        Console.WriteLine(Output.Json(conditions, reports));
    if (parsed.GetValue(write))
        Output.Write(Repository.File("docs/benchmarks.md"), conditions, reports);
    return 0;
}
