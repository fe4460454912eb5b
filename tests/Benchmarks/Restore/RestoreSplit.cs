using System.Diagnostics;
using System.Globalization;
using IngressReconciler.Benchmarks.Loopback;
using IngressReconciler.Benchmarks.Measuring;
using IngressReconciler.Benchmarks.Scale;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Benchmarks.Restore;

/// <summary>The stages of a full push to a fresh proxy, one by one.</summary>
internal static class RestoreSplit
{
    public static readonly IReadOnlyList<string> Stages = ["start", "connect", "read", "plan", "render", "backends and servers", "routes", "read back", "plan again"];

    /// <summary>Milliseconds of each stage.</summary>
    public static async Task<Distribution[]> MeasureAsync(SyntheticCluster cluster, int rounds)
    {
        using var pki = new TestPki();
        using var credentials = pki.Credentials();
        var config = MeasuredCluster.Build(cluster).Compiled();
        var samples = Stages.Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            await using var proxy = new LoopbackProxy("fresh", pki, threads: 2);
            var times = await PushAsync(proxy, config, credentials);
            for (var stage = 0; round >= 0 && stage < times.Count; stage++)
                samples[stage].Add(times[stage].TotalMilliseconds);
        }

        return [.. samples.Select(stage => new Distribution(stage))];
    }

    private static async Task<List<TimeSpan>> PushAsync(LoopbackProxy proxy, HAProxyConfig config, AdminCredentials credentials)
    {
        var times = new List<TimeSpan>();
        var last = Stopwatch.GetTimestamp();
        await proxy.StartAsync();
        Lap();
        await using var connection = await RuntimeConnection.OpenAsync(proxy.Address, credentials, new(), TimeProvider.System, CancellationToken.None);
        Lap();
        var scope = PlanScope.All();
        var reading = new HAProxyStateReading(scope);
        var state = reading.Read(Texts(await connection.SendAsync(reading.Commands, CancellationToken.None)));
        Lap();
        var plan = HAProxyPlanner.Plan(config, 1, state, scope);
        Lap();
        var prepare = plan.Prepare.Select(HAProxyCommands.Of).ToArray();
        var routes = plan.Switch.OfType<ReplaceRoutes>().Single().Routes;
        var notes = plan.Switch.Where(step => step is not ReplaceRoutes).Select(HAProxyCommands.Of).ToArray();
        Lap();
        Check(await connection.SendAsync(prepare, CancellationToken.None));
        Lap();
        var generation = (await connection.SendAsync([HAProxyCommands.PrepareRoutes], CancellationToken.None))[0].Text.Split(' ')[^1];
        var load = HAProxyCommands.LoadRoutes(int.Parse(generation, NumberStyles.None, CultureInfo.InvariantCulture), routes);
        Check(await connection.SendAsync([.. load, .. notes], CancellationToken.None));
        Lap();
        var after = reading.Read(Texts(await connection.SendAsync(reading.Commands, CancellationToken.None)));
        Lap();
        if (!HAProxyPlanner.Plan(config, 1, after, scope).IsEmpty)
            throw new InvalidOperationException("a push left something to do");
        Lap();
        return times;

        void Lap()
        {
            var now = Stopwatch.GetTimestamp();
            times.Add(Stopwatch.GetElapsedTime(last, now));
            last = now;
        }
    }

    private static void Check(IEnumerable<RuntimeReply> replies)
    {
        foreach (var reply in replies)
        {
            if (reply.IsError)
                throw new InvalidOperationException($"the proxy refused a step: {reply.Text}");
        }
    }

    private static string[] Texts(IEnumerable<RuntimeReply> replies) => [.. replies.Select(reply => reply.IsError ? "" : reply.Text)];
}
