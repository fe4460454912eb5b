using System.Diagnostics;
using System.Net.Sockets;
using IngressReconciler.Benchmarks.Loopback;
using IngressReconciler.Benchmarks.Measuring;

namespace IngressReconciler.Benchmarks.Restore;

/// <summary>From a proxy killed with -9 to one that says it is ready again.</summary>
public static class RestoreBenchmark
{
    private const int Services = 5_000;
    private const int Endpoints = 5;
    private const int Paths = 4;

    /// <summary>Runs it.</summary>
    public static async Task<Report> RunAsync(Selection selection)
    {
        var cluster = new SyntheticCluster(Services, Endpoints, network: 127, Paths);
        var rounds = selection.Quick ? 5 : 15;
        var byHand = await RestoreSplit.MeasureAsync(cluster, rounds);
        var (fromKill, fromStart) = await ThroughHandlerAsync(cluster, rounds);
        return new(
            "restore",
            $"A proxy is killed with -9 and started again at once; until /readyz answers 200. {Show.Count(Services)} backends, {Show.Count(Services * Endpoints)} servers, {Show.Count(Services * Paths)} routes.",
            [
                new(
                    ["through the running handler, ms", "median", "min", "max"],
                    [["from the kill", .. Spread(fromKill)], ["from the start of the new process", .. Spread(fromStart)]]),
                new(["one push, stage by stage, ms", .. RestoreSplit.Stages], [["median", .. byHand.Select(stage => Show.Number(stage.Median))]]),
            ],
            [new("restore, median", 1.5, fromKill.Median / 1000, "s")],
            [
                "The first table is of the whole handler with two proxies, one of which is killed; the second of the same commands sent to one proxy by this program.",
                "The start of the process is mostly the wait until its port accepts; then the handler connects, by itself, with growing pauses between its tries.",
            ]);
    }

    private static string[] Spread(Distribution samples) => [Show.Number(samples.Median), Show.Number(samples.Min), Show.Number(samples.Max)];

    private static async Task<(Distribution FromKill, Distribution FromStart)> ThroughHandlerAsync(SyntheticCluster cluster, int rounds)
    {
        await using var site = new Site(cluster);
        await site.StartAsync(webhook: false);
        var proxy = site.Proxies[0];
        var (fromKill, fromStart) = (new List<double>(), new List<double>());
        for (var round = -1; round < rounds; round++)
        {
            await Task.Delay(1000);
            var killed = Stopwatch.GetTimestamp();
            await proxy.KillAsync();
            var begun = Stopwatch.GetTimestamp();
            await proxy.StartAsync();
            await ReadyAsync(proxy);
            if (round < 0)
                continue;
            fromKill.Add(Stopwatch.GetElapsedTime(killed).TotalMilliseconds);
            fromStart.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return (new(fromKill), new(fromStart));
    }

    private static async Task ReadyAsync(LoopbackProxy proxy)
    {
        var request = HttpClientConnection.Get("localhost", "/readyz");
        var health = new HttpClientConnection(proxy.Health);
        try
        {
            for (var started = Stopwatch.GetTimestamp(); ; await Task.Delay(2))
            {
                if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
                    throw new InvalidOperationException("the proxy does not become ready");
                try
                {
                    if ((await health.SendAsync(request, CancellationToken.None)).Status == 200)
                        return;
                }
                catch (Exception e) when (e is SocketException or IOException)
                {
                    // While it starts, connections may be cut.
                    health.Dispose();
                    health = new(proxy.Health);
                }
            }
        }
        finally
        {
            health.Dispose();
        }
    }
}
