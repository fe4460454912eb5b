using IngressReconciler.Benchmarks.Loopback;
using IngressReconciler.Benchmarks.Measuring;
using IngressReconciler.Benchmarks.Scale;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Benchmarks.DataPlane;

/// <summary>CPU time of HAProxy for one request: the bootstrap with pushed backends and routes, against a hand-written configuration.</summary>
public static class DataPlaneBenchmark
{
    private const int Connections = 32;
    private const int PodsEach = 2;

    /// <summary>Runs it.</summary>
    public static async Task<Report> RunAsync(Selection selection)
    {
        var rows = new List<string[]>();
        var aims = new List<Aim>();
        foreach (var hosts in new[] { 10, 1_000 })
        {
            var (ours, theirs) = await CompareAsync(hosts, selection.Quick);
            var ratio = new Distribution(ours.Zip(theirs, (one, other) => one / other));
            rows.Add([$"{Show.Count(hosts)} hosts", .. new[] { new Distribution(theirs).Median, new Distribution(ours).Median, ratio.Median, ratio.Quantile(0.1), ratio.Quantile(0.9) }.Select(Show.Number)]);
            aims.Add(new($"CPU of a request at {Show.Count(hosts)} hosts, of the hand-written configuration's", 1.15, ratio.Median, "×"));
        }

        return new(
            "dataplane",
            "What a request costs HAProxy with our bootstrap, backends and routes pushed at run time, against a hand-written static configuration.",
            [new(["hosts, as many backends", "hand-written µs", "ours µs", "ratio, median", "p10", "p90"], rows)],
            aims,
            [
                $"CPU time of the HAProxy process, user and kernel, one thread, no TLS; {Connections} kept-alive client connections, {PodsEach} pods a backend, two paths a host, random hosts.",
                "Both run at once and take turns; a ratio is of two neighbouring turns.",
                "Same log line and forwarded headers. Ours also normalises paths, falls back to wildcard and any host, and looks for trusted sources and forwarders; the hand-written one does none of that.",
            ]);
    }

    private static async Task<(List<double> Ours, List<double> Theirs)> CompareAsync(int hosts, bool quick)
    {
        var cluster = new SyntheticCluster(hosts, PodsEach, network: 127);
        var wanted = MeasuredCluster.Build(cluster);
        using var pods = new EchoPods();
        foreach (var pod in Enumerable.Range(0, hosts * PodsEach))
            pods.Listen(cluster.Address(pod), SyntheticCluster.PodPort);

        using var pki = new TestPki();
        var folder = Directory.CreateTempSubdirectory("ingress-reconciler-bench-");
        await using var ours = new LoopbackProxy("ours", pki, threads: 1);
        await using var theirs = new LoopbackProxy("theirs", pki, threads: 1, HandWrittenConfiguration.Write(folder.FullName, wanted));
        await Task.WhenAll(ours.StartAsync(), theirs.StartAsync());
        await PushAsync(ours, wanted, pki);

        using var ourLoad = new Load(ours.Traffic, hosts, Connections);
        using var theirLoad = new Load(theirs.Traffic, hosts, Connections);
        var (turns, requests) = quick ? (40, 4_000) : (150, 5_000);
        // Until every backend has been visited and connections to pods are open.
        await ourLoad.SendAsync(2 * Math.Max(ourLoad.Different, requests));
        await theirLoad.SendAsync(2 * Math.Max(ourLoad.Different, requests));

        var (ourTimes, theirTimes) = (new List<double>(), new List<double>());
        for (var turn = 0; turn < turns; turn++)
        {
            if (turn % 2 == 0)
                ourTimes.Add(await CostAsync(ours, ourLoad, requests));
            theirTimes.Add(await CostAsync(theirs, theirLoad, requests));
            if (turn % 2 != 0)
                ourTimes.Add(await CostAsync(ours, ourLoad, requests));
        }

        folder.Delete(recursive: true);
        return (ourTimes, theirTimes);
    }

    private static async Task PushAsync(LoopbackProxy proxy, DesiredState wanted, TestPki pki)
    {
        using var credentials = pki.Credentials();
        await using var connection = await RuntimeConnection.OpenAsync(proxy.Address, credentials, new ProxyOptions(), TimeProvider.System, CancellationToken.None);
        await ProxyPush.RunAsync(
            connection, wanted.Compiled(), 1, PlanScope.All(), Refusals.None,
            (_, _, _) => ValueTask.FromResult(KeyPairText.Unusable($"there are none here")),
            CancellationToken.None);
    }

    /// <summary>Microseconds of CPU time a request.</summary>
    private static async Task<double> CostAsync(LoopbackProxy proxy, Load load, int requests)
    {
        var before = CpuTime.Of(proxy.Pid);
        await load.SendAsync(requests);
        return (CpuTime.Of(proxy.Pid) - before).TotalMicroseconds / requests;
    }
}
