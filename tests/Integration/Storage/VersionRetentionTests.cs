using System.Globalization;
using System.Text;
using System.Text.Json;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Versions;
using IngressReconciler.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>Old versions leave storage; whatever stays can be read, and what went is told.</summary>
public sealed class VersionRetentionTests(SharedAzurite azurite)
{
    private static readonly RetentionPolicy Ten = new(10, 0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_newest_stay_and_what_proxies_run_and_all_that_these_build_on()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        await SealAsync(cluster, 150); // full: 1, 66, 131
        await ReportAsync(cluster, "p1", 70);
        await ReportAsync(cluster, "p2", 150);
        Assert.Equal((125, null), await RunAsync(cluster));
        var left = await NumbersAsync(cluster);
        Assert.Equal([.. Enumerable.Range(66, 5), .. Enumerable.Range(131, 20)], left);

        var history = new VersionHistory(cluster);
        foreach (var number in left)
            Assert.NotNull(await history.ModelAsync(number, Cancel));
        Assert.Equal(left.Reverse(), (await history.NewestAsync(1000, Cancel)).Select(one => one.Number));
        Assert.Null(await history.FindAsync(12, Cancel));
        Assert.Null(await history.ModelAsync(12, Cancel));
        Assert.Equal((true, "version 12 was removed by retention; the oldest kept is 66"), await history.WhyNoneAsync(12, Cancel));
        Assert.Equal((false, "cluster one has no version 151: the newest is 150"), await history.WhyNoneAsync(151, Cancel));
        Assert.Equal(
            (false, "cluster two has no version 1: none was sealed yet"),
            await new VersionHistory(storage.Cluster("two")).WhyNoneAsync(1, Cancel));

        Assert.Equal((0, null), await RunAsync(cluster));
    }

    [Fact]
    public async Task A_run_removes_so_many_at_most_and_the_next_goes_on()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        const int most = VersionRetention.MostAtOnce, all = most + 100;

        // Without metadata, as of an earlier release: any may build on the 64 before it.
        await Parallel.ForAsync(1, all + 1, Cancel, async (number, _) =>
            await cluster.Versions.TryWriteAsync(number, Encoding.UTF8.GetBytes("v"), Cancel));
        await MoveHeadAsync(cluster, new(all, "x", 3));
        Assert.Equal((most, null), await RunAsync(cluster));
        Assert.Equal([.. Enumerable.Range(1, 26), .. Enumerable.Range(527, 74)], await NumbersAsync(cluster));
        Assert.Equal((26, null), await RunAsync(cluster));
        Assert.Equal(Enumerable.Range(527, 74), await NumbersAsync(cluster));
    }

    [Fact]
    public async Task Nothing_goes_where_a_later_release_may_need_it()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        await SealAsync(cluster, 80);
        await cluster.Proxies.WriteAsync("p1", Encoding.UTF8.GetBytes("""{"version":"seven"}"""), Cancel);
        var (removed, failure) = await RunAsync(cluster);
        Assert.Equal((0, "which version proxy p1 runs cannot be read from its report: nothing was removed"), (removed, failure));
        await cluster.Proxies.RemoveAsync("p1", Cancel);

        var pinned = JsonSerializer.Deserialize("""{"version":80,"hash":"x","sinceFull":1,"pin":7}""", VersionJson.Default.VersionHead)!;
        await MoveHeadAsync(cluster, pinned);
        (removed, failure) = await RunAsync(cluster);
        Assert.Equal(0, removed);
        Assert.StartsWith("the head has fields of a later release (pin)", failure, StringComparison.Ordinal);
        Assert.Equal(80, (await NumbersAsync(cluster)).Count());
    }

    [Fact]
    public async Task Storage_that_is_gone_is_a_reason_and_no_exception()
    {
        var options = await azurite.FreshAsync(FreePorts.Take()) with { Deadline = TimeSpan.FromSeconds(1) };
        using var storage = new BlobStorage(options, TimeProvider.System);
        var (removed, failure) = await RunAsync(storage.Cluster("one"));
        Assert.Equal(0, removed);
        Assert.Contains("storage account", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finding_set_goes_when_no_version_names_it_and_it_was_not_written_lately()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var sealing = new SealedCluster(cluster);
        await sealing.SealAsync("bad", "no host!");
        for (var i = 2; i <= 80; i++)
            await sealing.SealAsync("a", string.Create(CultureInfo.InvariantCulture, $"a{i}.example"));
        Assert.Equal(2, (await cluster.FindingSets.ListAsync(Cancel)).Count);

        await RunAsync(cluster);
        Assert.Equal(66, (await NumbersAsync(cluster)).First());
        Assert.Equal(2, (await cluster.FindingSets.ListAsync(Cancel)).Count);
        await RunAsync(cluster, new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromHours(2)));
        Assert.Single(await cluster.FindingSets.ListAsync(Cancel));
        Assert.NotEmpty((await new VersionHistory(cluster).FindAsync(80, Cancel))!.Findings);
    }

    [Fact]
    public async Task A_set_that_was_written_again_since_it_was_listed_stays()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var sets = storage.Cluster("one").FindingSets;
        var content = FindingSet.Bytes([]);
        var name = FindingSet.NameOf([]);
        await sets.WriteAsync(name, content, Cancel);
        var listed = Assert.Single(await sets.ListAsync(Cancel));
        await sets.WriteAsync(name, content, Cancel);
        await sets.RemoveAsync(listed, Cancel);
        listed = Assert.Single(await sets.ListAsync(Cancel));
        await sets.RemoveAsync(listed, Cancel);
        await sets.RemoveAsync(listed, Cancel);
        Assert.Empty(await sets.ListAsync(Cancel));
    }

    [Fact]
    public async Task It_runs_with_the_resync_whose_report_says_how_many_went()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        await SealAsync(cluster, 80);
        var log = NullLogger.Instance;
        await using var reconciler = new Reconciler(
            cluster, new(), new(cluster, Ten, TimeProvider.System, log),
            new HAProxyDriver(null, new(), (_, _, _) => throw new InvalidOperationException(), TimeProvider.System),
            new ProxySet([], null, (_, _) => throw new InvalidOperationException()), null, null, null, TimeProvider.System, log);
        reconciler.Start();
        var removed = 0;
        for (var tries = 0; removed < 65 && tries < 100; tries++)
        {
            var report = await reconciler.ResyncAsync(confirmed: false, Cancel);
            Assert.Null(report.NotRemoved);
            Assert.Equal(report.RemovedVersions, (await cluster.Resync.ReadAsync(Cancel))!.RemovedVersions);
            removed += report.RemovedVersions;
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(65, removed);
        Assert.Equal(Enumerable.Range(66, 15), await NumbersAsync(cluster));
    }

    private static async Task SealAsync(ClusterStorage cluster, int count)
    {
        var sealing = new SealedCluster(cluster);
        for (var i = 1; i <= count; i++)
            await sealing.SealAsync("a", string.Create(CultureInfo.InvariantCulture, $"a{i}.example"));
    }

    private static async Task<(int Removed, string? Failure)> RunAsync(ClusterStorage cluster, TimeProvider? time = null)
    {
        await using var retention = new VersionRetention(cluster, Ten, time ?? TimeProvider.System, NullLogger.Instance);
        await retention.RunAsync(Cancel);
        return retention.Take();
    }

    private static Task ReportAsync(ClusterStorage cluster, string proxy, int version)
    {
        var report = new ProxyReport(proxy, true, version, "1-0", default, null, 1, 0, null);
        return cluster.Proxies.WriteAsync(proxy, JsonSerializer.SerializeToUtf8Bytes(report, ReportsJson.Default.ProxyReport), Cancel);
    }

    private static async Task MoveHeadAsync(ClusterStorage cluster, VersionHead head)
    {
        var before = await cluster.Head.ReadAsync(null, Cancel);
        var content = JsonSerializer.SerializeToUtf8Bytes(head, VersionJson.Default.VersionHead);
        Assert.True((await cluster.Head.MoveAsync(before, content, Cancel)).Moved);
    }

    private static async Task<IEnumerable<int>> NumbersAsync(ClusterStorage cluster) =>
        (await cluster.Versions.AllAsync(Cancel)).Select(one => one.Number);
}
