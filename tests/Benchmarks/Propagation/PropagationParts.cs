using System.Diagnostics;
using System.Text;
using IngressReconciler.Benchmarks.Loopback;
using IngressReconciler.Benchmarks.Measuring;
using IngressReconciler.Benchmarks.Scale;
using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Benchmarks.Propagation;

/// <summary>What an event waits for on its way, each part by itself, one after another, with nothing else running.</summary>
internal static class PropagationParts
{
    private const int Samples = 200;
    private const int WarmUp = 50;

    /// <summary>The parts of a change, at 1,000 services.</summary>
    public static async Task<Table> MeasureAsync()
    {
        var parts = new List<(string What, Distribution Time)>();
        await using (var azurite = await AzuriteProcess.StartAsync())
        {
            using var storage = new BlobStorage(new() { ConnectionString = azurite.ConnectionString }, TimeProvider.System);
            await StorageAsync(storage.Cluster(SyntheticCluster.Id), parts);
        }

        await PushesAsync(parts);
        return new(["each part by itself, ms", "p50", "p90", "p99"], [.. parts.Select(part => (string[])
            [part.What, .. new[] { part.Time.Median, part.Time.Quantile(0.9), part.Time.Quantile(0.99) }.Select(Show.Number)])]);
    }

    private static async Task StorageAsync(ClusterStorage storage, List<(string, Distribution)> parts)
    {
        var position = JournalPosition.Start;
        var line = 0;
        var version = 0;
        HeadState? head = null;
        HeldLease? lease = null;
        async Task AppendAsync() => position = (await storage.Journal.AppendAsync(position, Line(++line), CancellationToken.None)).Position;
        async Task AcquireAsync() => lease = await storage.PushLease.TryAcquireAsync(CancellationToken.None);

        parts.Add(("journal: append", await TimeAsync(AppendAsync)));
        parts.Add(("journal: append, and lease: acquire, at once", await TimeAsync(() => Task.WhenAll(AppendAsync(), AcquireAsync()), after: () => lease!.DisposeAsync().AsTask())));
        parts.Add(("version: write, then head: move (a route only)", await TimeAsync(async () =>
        {
            await storage.Versions.TryWriteAsync(++version, Line(version), CancellationToken.None);
            head = (await storage.Head.MoveAsync(head, Line(version), CancellationToken.None)).State;
        })));
        parts.Add(("after the answer: journal: read, and lease: release", await TimeAsync(async () =>
        {
            await storage.Journal.ReadAsync(position, CancellationToken.None);
            await lease!.DisposeAsync();
        }, before: AcquireAsync)));
    }

    /// <summary>Longer than most: a slice of ten pods.</summary>
    private static byte[] Line(int number) => Encoding.UTF8.GetBytes($"{{\"id\":\"{number}\",\"changes\":\"{new string('x', 3000)}\"}}\n");

    private static async Task PushesAsync(List<(string, Distribution)> parts)
    {
        using var pki = new TestPki();
        using var credentials = pki.Credentials();
        await using var one = new LoopbackProxy("one", pki, threads: 1);
        await using var two = new LoopbackProxy("two", pki, threads: 1);
        await Task.WhenAll(one.StartAsync(), two.StartAsync());
        var connections = await Task.WhenAll(new[] { one, two }.Select(proxy =>
            RuntimeConnection.OpenAsync(proxy.Address, credentials, new(), TimeProvider.System, CancellationToken.None)));
        var cluster = new SyntheticCluster(1_000, 10, network: 127);
        var wanted = MeasuredCluster.Build(cluster);
        var config = wanted.Compiled();
        PushResult[] outcomes = [];
        await PushAsync(PlanScope.All(), version: 1);
        var scope = new PlanScope();
        var version = 1;
        var pods = cluster.Pods(500);

        parts.Add(("push to both proxies and read back: an endpoint's change", await TimeAsync(() => PushAsync(scope, 1), after: SweepAsync, before: () =>
        {
            pods = [.. pods[1..], cluster.NewPod()];
            Change(cluster.Slice(500, pods));
            return Task.CompletedTask;
        })));
        parts.Add(("push to both proxies and read back: a new host", await TimeAsync(() => PushAsync(scope, ++version), before: () =>
        {
            Change(cluster.Ingress(500 + (1_000 * version), extraPath: null));
            return Task.CompletedTask;
        })));
        foreach (var connection in connections)
            await connection.DisposeAsync();

        void Change(byte[] json)
        {
            (wanted, var difference) = wanted.After([SyntheticCluster.Read(json)], DateTimeOffset.UnixEpoch);
            (config, var changed) = HAProxyCompiler.Advance(config, wanted, difference);
            scope = new();
            scope.Add(changed);
        }

        async Task PushAsync(PlanScope of, int version) => outcomes = await Task.WhenAll(connections.Select(connection =>
            Task.Run(() => ProxyPush.RunAsync(
                connection, config, version, of, Refusals.None,
                (_, _, _) => ValueTask.FromResult(KeyPairText.Unusable($"there are none here")),
                CancellationToken.None))));

        // As the handler does: else every push reads all servers that were ever retired.
        Task SweepAsync() => Task.WhenAll(connections.Zip(outcomes, (connection, outcome) => ProxyPush.SweepAsync(connection, outcome.Sweep, CancellationToken.None)));
    }

    private static async Task<Distribution> TimeAsync(Func<Task> part, Func<Task>? after = null, Func<Task>? before = null)
    {
        var samples = new List<double>();
        for (var i = -WarmUp; i < Samples; i++)
        {
            if (before is not null)
                await before();
            var started = Stopwatch.GetTimestamp();
            await part();
            if (i >= 0)
                samples.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (after is not null)
                await after();
        }

        return new(samples);
    }
}
