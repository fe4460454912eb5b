using System.Diagnostics;
using IngressReconciler.Benchmarks.Loopback;
using IngressReconciler.Benchmarks.Measuring;

namespace IngressReconciler.Benchmarks.Propagation;

/// <summary>From an event at the webhook to every proxy serving what follows from it.</summary>
public static class PropagationBenchmark
{
    private const int CountedChanges = 50;
    private const int Endpoints = 10;
    private const int Usual = 1_000;
    private const int Largest = 10_000;

    private static readonly Random Pauses = new(1);

    /// <summary>Runs it.</summary>
    public static async Task<Report> RunAsync(Selection selection)
    {
        (int Services, bool Webhook)[] sizes = selection switch
        {
            { Services: { } one } => [(one, false)],
            { Quick: true } => [(100, false), (Usual, false), (Usual, true)],
            _ => [(100, false), (Usual, false), (Usual, true), (Largest, false)],
        };
        var runs = new List<Measured>();
        foreach (var (services, webhook) in sizes)
            runs.Add(await MeasureAsync(services, webhook, changes: selection.Quick ? 200 : 400, routes: selection.Quick ? 100 : 200));

        var latencies = new Table(
            ["served by both proxies after, ms", "endpoint p50", "p90", "p99", "max", "new route p50", "p90", "p99", "max", "5xx"],
            [.. runs.Select(run => (string[])[run.Name, .. Quantiles(run.Endpoint.Served), .. Quantiles(run.Route.Served), Show.Count(run.Errors)])]);
        var answers = new Table(
            ["answered by the handler after, ms", "endpoint p50", "p90", "p99", "max", "new route p50", "p90", "p99", "max"],
            [.. runs.Select(run => (string[])[run.Name, .. Quantiles(run.Endpoint.Answered), .. Quantiles(run.Route.Answered)])]);
        var costs = new Table(
            ["", "CPU s for 50 endpoint changes", "handler MB now", "at most", "load of the cluster s"],
            [.. runs.Where(run => !run.Webhook).Select(run => (string[])[run.Name, Show.Number(run.Cpu.TotalSeconds), Show.Megabytes(run.Memory.Now), Show.Megabytes(run.Memory.Peak), Show.Number(run.Loading.TotalSeconds)])]);
        var aims = new List<Aim>();
        var usual = runs.Find(run => run is { Services: Usual, Webhook: false });
        var largest = runs.Find(run => run.Services == Largest);
        if (usual is not null)
        {
            aims.Add(new("an endpoint's change at 1,000 services, p99", 30, usual.Endpoint.Served.Quantile(0.99), "ms"));
            aims.Add(new("a new route at 1,000 services, p99", 50, usual.Route.Served.Quantile(0.99), "ms"));
            aims.Add(new("50 endpoint changes at 1,000 services, CPU", 1, usual.Cpu.TotalSeconds, "s"));
        }

        if (usual is not null && largest is not null)
            aims.Add(new("an endpoint's change at 10,000 services, p99, of that at 1,000", 2, largest.Endpoint.Served.Quantile(0.99) / usual.Endpoint.Served.Quantile(0.99), "×"));
        if (largest is not null)
            aims.Add(new("the handler with 100,000 endpoints, resident at most", 400, largest.Memory.Peak / 1e6, "MB"));
        aims.Add(new("answers 5xx while a route comes up", 0, runs.Sum(run => run.Errors), "requests"));
        return new(
            "propagation",
            "From the POST of an event to the moment when every proxy serves what follows from it, proved by a request that reaches the new pod, or the new host's 200.",
            [latencies, answers, costs, await PropagationParts.MeasureAsync()],
            aims,
            [
                "The whole handler in a process of its own, Azurite for storage, two HAProxy processes; "
                + "pods, clients and all of these share the machine's cores.",
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

        var (endpoint, route) = (new List<Sample>(), new List<Sample>());
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
        return new(services, webhook, Latencies.Of(endpoint), Latencies.Of(route), probes.Sum(probe => probe.Errors), cpu, Memory.Of(site.Handler.Pid), loading);
    }

    private static async Task<Sample> ReplacePodAsync(Site site, Probe[] probes)
    {
        var (json, host, answer) = site.ReplacePod();
        return await PropagateAsync(site, probes, json, host, answer);
    }

    private static async Task<Sample> NewHostAsync(Site site, Probe[] probes)
    {
        var (json, host) = site.NewHost();
        foreach (var probe in probes)
        {
            if (await probe.StatusAsync(host) is var status and not 404)
                throw new InvalidOperationException($"a host that nobody has made is answered {status}");
        }

        return await PropagateAsync(site, probes, json, host, answer: null);
    }

    private static async Task<Sample> PropagateAsync(Site site, Probe[] probes, byte[] json, string host, string? answer)
    {
        // Events do not come in step with our answers.
        await Task.Delay(Pauses.Next(5, 30));
        var started = Stopwatch.GetTimestamp();
        var posted = PostAsync();
        var served = await Task.WhenAll(probes.Select(probe => probe.UntilAsync(host, answer, posted)));
        return new(Stopwatch.GetElapsedTime(started, served.Max()).TotalMilliseconds, Stopwatch.GetElapsedTime(started, await posted).TotalMilliseconds);

        async Task<long> PostAsync()
        {
            await site.Handler.PostAsync(json);
            return Stopwatch.GetTimestamp();
        }
    }

    private readonly record struct Sample(double Served, double Answered);

    private sealed record Latencies(Distribution Served, Distribution Answered)
    {
        public static Latencies Of(List<Sample> samples) => new(new(samples.Select(sample => sample.Served)), new(samples.Select(sample => sample.Answered)));
    }

    private sealed record Measured(
        int Services, bool Webhook, Latencies Endpoint, Latencies Route, int Errors, TimeSpan Cpu, (long Now, long Peak) Memory, TimeSpan Loading)
    {
        public string Name => $"{Show.Count(Services)} services{(Webhook ? ", through the local host's webhook" : "")}";
    }
}
