using System.Diagnostics;
using System.Globalization;

namespace IngressReconciler.Simulation;

/// <summary>The command line: seeds from one number on, or one seed with its trace.</summary>
public static class Commands
{
    /// <summary>Runs what the arguments ask for; 0 when all seeds passed.</summary>
    public static int Run(string[] args)
    {
        var seed = Number(args, "--seed");
        var from = Number(args, "--from") ?? 1;
        var count = Number(args, "--seeds") ?? 300;
        if (seed is { } one)
        {
            var outcome = SimulationRun.Of(one, args.Contains("--trace") ? Console.Out.WriteLine : null);
            Tell(outcome);
            return outcome.Violation is null ? 0 : 1;
        }

        var (passed, failed) = (0, 0);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < count; i++)
        {
            var outcome = SimulationRun.Of(from + i);
            if (args.Contains("--twice") && SimulationRun.Of(from + i).Hash != outcome.Hash)
            {
                Console.WriteLine($"seed {from + i} is not deterministic");
                failed++;
                continue;
            }

            if (args.Contains("--hashes"))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{outcome.Seed} {outcome.Hash:x16} {outcome.Steps}"));
            if (outcome.Violation is null)
                passed++;
            else
            {
                failed++;
                Tell(outcome);
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count / clock.Elapsed.TotalSeconds:0.0} seeds/s"));
        Console.WriteLine($"{passed} seeds passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private static void Tell(Outcome outcome)
    {
        if (outcome.Violation is { } violation)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"seed {outcome.Seed} FAILED after {violation.At.TotalSeconds:0.000} s: {violation.Invariant}: {violation.What}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {outcome.Seed}: {outcome.Steps} events in {outcome.Lasted.TotalSeconds:0} s, trace {outcome.Hash:x16}"));
    }

    private static int? Number(string[] args, string name) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : null;
}
