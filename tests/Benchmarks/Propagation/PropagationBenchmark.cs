using System.Diagnostics;
using IngressReconciler.Benchmarks.Loopback;
using IngressReconciler.Benchmarks.Measuring;

namespace IngressReconciler.Benchmarks.Propagation;

/// <summary>From an event at the webhook to every proxy serving what follows from it.</summary>
public static class PropagationBenchmark
{
    private const int CountedChanges = 50;
    private const int Endpoints = 10;

    private static readonly Random Pauses = new(1);

    /// <summary>Runs it.</summary>
    public static async Task<Report> RunAsync(bool quick)
    {
        var runs = new List<Measured>();
        foreach (var (services, webhook) in quick ? new[] { (100, false), (1_000, false), (1_000, true) } : [(100, false), (1_000, false), (1_000, true), (10_000, false)])
            runs.Add(await MeasureAsync(services, webhook, changes: quick ? 200 : 400, routes: quick ? 100 : 200));

        var latencies = new Table(
            ["2 proxies, 10 endpoints a service", "endpoint p50 ms", "p90", "p99", "max", "new route p50 ms", "p90", "p99", "max", "5xx"],
            [.. runs.Select(run => (string[])[run.Name, .. Quantiles(run.Endpoint), .. Quantiles(run.Route), Show.Count(run.Errors)])]);
        var costs = new Table(
            ["", "CPU s for 50 endpoint changes", "handler MB now", "at most", "load of the cluster s"],
            [.. runs.Where(run => !run.Webhook).Select(run => (string[])[run.Name, Show.Number(run.Cpu.TotalSeconds), Show.Megabytes(run.Memory.Now), Show.Megabytes(run.Memory.Peak), Show.Number(run.Loading.TotalSeconds)])]);
        var thousand = runs.Single(run => run is { Services: 1_000, Webhook: false });
        var aims = new List<Aim>
        {
            new("an endpoint's change at 1,000 services, p99", 30, thousand.Endpoint.Quantile(0.99), "ms"),
            new("a new route at 1,000 services, p99", 50, thousand.Route.Quantile(0.99), "ms"),
            new("50 endpoint changes at 1,000 services, CPU", 1, thousand.Cpu.TotalSeconds, "s"),
            new("answers 5xx while a route comes up", 0, runs.Sum(run => run.Errors), "requests"),
        };
        if (runs.Find(run => run.Services == 10_000) is { } large)
        {
            aims.Insert(1, new("an endpoint's change at 10,000 services, p99, of that at 1,000", 2, large.Endpoint.Quantile(0.99) / thousand.Endpoint.Quantile(0.99), "×"));
            aims.Add(new("the handler with 100,000 endpoints, resident", 400, large.Memory.Now / 1e6, "MB"));
        }

        return new(
            "propagation",
            "From the POST of an event to the moment when every proxy serves what follows from it, proved by a request that reaches the new pod, or the new host's 200.",
            [latencies, costs],
            aims,
            [
                "The whole handler in a process of its own, Azurite for storage, two HAProxy processes; pods, clients and all of these share the machine's cores.",
                "An endpoint's change replaces one of ten pods; its proof is an answer of the new pod, which round robin gives at worst to the tenth request.",
                "One event at a time, after a random pause. Each proxy is asked every millisecond until the handler has answered, then without pause; the slower proxy counts.",
            ]);
    }

    private static IEnumerable<string> Quantiles(Distribution samples) =>
        new[] { samples.Median, samples.Quantile(0.9), samples.Quantile(0.99), samples.Max }.Select(Show.Number);

    private static async Task<Measured> MeasureAsync(int services, bool webhook, int changes, int routes)
    {
        await using var site = new Site(new(services, Endpoints, network: 127));
        var started = Stopwatch.GetTimestamp();
        await site.StartAsync(webhook);
        var loading = Stopwatch.GetElapsedTime(started);
        var probes = site.Proxies.Select(proxy => new Probe(proxy)).ToArray();

        // The just-in-time compiler is at work in the first.
        for (var i = 0; i < 40; i++)
        {
            await ReplacePodAsync(site, probes);
            if (i % 2 == 0)
                await NewHostAsync(site, probes);
        }

        var (endpoint, route) = (new List<double>(), new List<double>());
        for (var i = 0; i < changes; i++)
            endpoint.Add(await ReplacePodAsync(site, probes));
        for (var i = 0; i < routes; i++)
            route.Add(await NewHostAsync(site, probes));

        var before = CpuTime.WithEndedThreads(site.Handler.Pid);
        for (var i = 0; i < CountedChanges; i++)
            await site.Handler.PostAsync(site.ReplacePod().Event);
        var cpu = CpuTime.WithEndedThreads(site.Handler.Pid) - before;
        foreach (var probe in probes)
            probe.Dispose();
        return new(services, webhook, new(endpoint), new(route), probes.Sum(probe => probe.Errors), cpu, Memory.Of(site.Handler.Pid), loading);
    }

    private static async Task<double> ReplacePodAsync(Site site, Probe[] probes)
    {
        var (json, host, answer) = site.ReplacePod();
        return await PropagateAsync(site, probes, json, host, answer);
    }

    private static async Task<double> NewHostAsync(Site site, Probe[] probes)
    {
        var (json, host) = site.NewHost();
        foreach (var probe in probes)
        {
            if (await probe.StatusAsync(host) is var status and not 404)
                throw new InvalidOperationException($"a host that nobody has made is answered {status}");
        }

        return await PropagateAsync(site, probes, json, host, answer: null);
    }

    private static async Task<double> PropagateAsync(Site site, Probe[] probes, byte[] json, string host, string? answer)
    {
        // Events do not come in step with our answers.
        await Task.Delay(Pauses.Next(5, 30));
        var started = Stopwatch.GetTimestamp();
        var posted = site.Handler.PostAsync(json);
        var served = await Task.WhenAll(probes.Select(probe => probe.UntilAsync(host, answer, posted)));
        await posted;
        return Stopwatch.GetElapsedTime(started, served.Max()).TotalMilliseconds;
    }

    private sealed record Measured(
        int Services, bool Webhook, Distribution Endpoint, Distribution Route, int Errors, TimeSpan Cpu, (long Now, long Peak) Memory, TimeSpan Loading)
    {
        public string Name => $"{Show.Count(Services)} services{(Webhook ? ", through the local host's webhook" : "")}";
    }
}
