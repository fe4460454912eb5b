using System.Globalization;

namespace IngressReconciler.Simulation;

/// <summary>The command line: seeds from one number on, or one seed with its trace. A line is written for each.</summary>
public static class Commands
{
    /// <summary>Lines of the trace that are shown of a seed that failed.</summary>
    private const int Shown = 20;

    /// <summary>Runs what the arguments ask for; 0 when all seeds passed.</summary>
    public static int Run(string[] args)
    {
        if (args is ["--plant", var bug, var root])
        {
            PlantedBug.Read(bug).Plant(root);
            return 0;
        }

        if (Number(args, "--seed") is { } one)
        {
            var outcome = SimulationRun.Of(one, args.Contains("--trace") ? Console.Out.WriteLine : null);
            Tell(outcome);
            return outcome.Violation is null ? 0 : 1;
        }

        var (from, step) = (Number(args, "--from") ?? 1, Number(args, "--step") ?? 1);
        var failed = 0;
        for (var i = 0; i < (Number(args, "--seeds") ?? 300); i++)
        {
            var seed = from + (i * step);
            var outcome = SimulationRun.Of(seed);
            if (args.Contains("--twice") && SimulationRun.Of(seed).Hash != outcome.Hash)
                outcome = outcome with { Violation = new("the same seed gives the same run", "it gave another", TimeSpan.Zero) };
            Tell(outcome);
            failed += outcome.Violation is null ? 0 : 1;
            if (failed > 0 && args.Contains("--first"))
                break;
        }

        return failed == 0 ? 0 : 1;
    }

    private static void Tell(Outcome outcome)
    {
        var how = string.Create(
            CultureInfo.InvariantCulture, $"{outcome.Steps} events in {outcome.Lasted.TotalSeconds:0} s, trace {outcome.Hash:x16}");
        if (outcome.Violation is not { } violation)
        {
            Console.WriteLine($"seed {outcome.Seed} passed: {how}");
            return;
        }

        Console.WriteLine($"seed {outcome.Seed} FAILED: {violation.Invariant}: {violation.What}");
        Console.WriteLine($"  {how}; again: scripts/simulate --seed {outcome.Seed} --trace");
        foreach (var line in outcome.Last.TakeLast(Shown))
            Console.WriteLine($"  {line}");
    }

    private static int? Number(string[] args, string name) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : null;
}
