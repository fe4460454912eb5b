using System.Diagnostics;
using System.Globalization;
using IngressReconciler.Benchmarks.Measuring;

namespace IngressReconciler.Benchmarks.Scale;

/// <summary>What clusters of three sizes cost, from event to command, without any proxy or storage.</summary>
public static class ScaleBenchmark
{
    /// <summary>Pods of each Service.</summary>
    public const int Endpoints = 10;

    private static readonly int[] Sizes = [100, 1_000, 10_000];

    /// <summary>Runs it.</summary>
    public static async Task<Report> RunAsync(Selection selection)
    {
        var clusters = Sizes.Select(size => new MeasuredCluster(new(size, Endpoints))).ToArray();
        var (batches, each) = selection.Quick ? (9, 60) : (25, 200);

        foreach (var cluster in clusters)
            cluster.BuildCold(selection.Quick ? 5 : 9);

        // The first batches of each are thrown away: the just-in-time compiler is at work.
        for (var batch = -6; batch < batches; batch++)
        {
            foreach (var cluster in clusters)
            {
                cluster.ChangeEndpoints(each, keep: batch >= 0);
                cluster.ChangeRoutes(each / 4, keep: batch >= 0);
            }
        }

        var (few, many, grouped) = (new MeasuredHost(10, 1), new MeasuredHost(10_000, 1), new MeasuredHost(10_000, 2_000));
        for (var batch = -3; batch < (selection.Quick ? 9 : 15); batch++)
        {
            foreach (var host in (MeasuredHost[])[few, many, grouped])
                host.Change(20, keep: batch >= 0);
        }

        var memory = new List<(long Managed, long Resident)>();
        foreach (var size in Sizes)
            memory.Add(await MemoryOfAsync(size));

        var smallest = clusters[0];
        var columns = new[] { "cluster, 10 endpoints a service", "cold build ms", "one endpoint's change µs", "× of the smallest", "one route's change µs", "× of the smallest", "state MB managed", "process MB resident" };
        var rows = clusters.Select((cluster, i) => (string[])
        [
            $"{Show.Count(Sizes[i])} services",
            Show.Number(cluster.ColdBuild.Median),
            Show.Number(cluster.EndpointChange.Median),
            Show.Number(cluster.EndpointChange.Median / smallest.EndpointChange.Median),
            Show.Number(cluster.RouteChange.Median),
            Show.Number(cluster.RouteChange.Median / smallest.RouteChange.Median),
            Show.Megabytes(memory[i].Managed),
            Show.Megabytes(memory[i].Resident),
        ]).ToArray();
        var stages = new Table(
            ["one endpoint's change, µs", .. MeasuredCluster.Stages],
            [.. clusters.Select((cluster, i) => (string[])[$"{Show.Count(Sizes[i])} services", .. cluster.StageMedians.Select(Show.Number)])]);
        var hosts = new Table(
            ["one route's change on one host, µs", .. MeasuredHost.Stages, "translate, kB allocated"],
            [
                Row("10 Ingresses of 1 path", few),
                Row("10,000 Ingresses of 1 path", many),
                Row("5 Ingresses of 2,000 paths, and 1 of 1 path", grouped),
            ]);
        return new(
            "scale",
            "What a cluster's size costs in the pure part: from an event's JSON to the rendered commands of a proxy.",
            [new(columns, rows), stages, hosts],
            [
                new("one endpoint's change at 10,000 services, of its cost at 100", 1.5, clusters[2].EndpointChange.Median / smallest.EndpointChange.Median, "×"),
                new(
                    "one route's translation on a host of 10,000 routes, of its cost on a host of 10",
                    2, many.Translation / few.Translation, "×"),
                new(
                    "one route's change on a host of 10,000 routes, from event to plan, of its cost on a host of 10",
                    2, many.ToPlan / few.ToPlan, "×"),
                new(
                    "cold build of 10,000 services, of that of 1,000",
                    11, clusters[2].ColdBuild.Median / clusters[1].ColdBuild.Median, "×"),
            ],
            [
                "CPU time of the thread, medians of interleaved batches; services picked at random.",
                "An endpoint's change: parse the CloudEvent, apply, resolve, scope, read the proxy's state of the upstream, plan, render, read back and plan again.",
                "A route's change is a new path on a host; it includes the hash of the whole routing and the JSON of the sealed version.",
                "A route's change on one host is a path that takes the place of another. "
                + "The version that is sealed of it has the host whole.",
                "Cold build: every object's JSON is parsed, translated and resolved. The resident size is of a process that holds only that state.",
            ]);
    }

    private static string[] Row(string name, MeasuredHost host) =>
        [name, .. host.Medians.Select(Show.Number), Show.Number(host.AllocatedKilobytes)];

    /// <summary>Builds a state of that size and prints what it weighs: run in a process of its own.</summary>
    public static void PrintMemory(int services)
    {
        var before = Memory.Managed();
        var wanted = MeasuredCluster.Build(new SyntheticCluster(services, Endpoints));
        var managed = Memory.Managed() - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{managed} {Memory.Of(Environment.ProcessId).Now}"));
        GC.KeepAlive(wanted);
    }

    private static async Task<(long Managed, long Resident)> MemoryOfAsync(int services)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.ArgumentList.Add("memory");
        start.ArgumentList.Add(services.ToString(CultureInfo.InvariantCulture));
        using var process = Process.Start(start)!;
        var words = (await process.StandardOutput.ReadToEndAsync()).Split(' ');
        await process.WaitForExitAsync();
        return (long.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
