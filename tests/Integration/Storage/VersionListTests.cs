using System.Globalization;
using System.Text;
using System.Text.Json;
using IngressReconciler.Reconciliation;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>Versions are listed newest first, at the cost of what is asked for; what a list says is what was sealed.</summary>
public sealed class VersionListTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task They_come_by_pages_whatever_is_below_them()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var versions = storage.Cluster("one").Versions;
        Assert.Empty(await ListAsync(0));
        foreach (var number in new[] { 9, 10, 1, 2, 100, 99, 70_001, 70_002 })
            await versions.TryWriteAsync(number, Encoding.UTF8.GetBytes("v"), Cancel);
        Assert.Equal([70_002, 70_001, 100, 99, 10, 9, 2, 1], await ListAsync(70_002));
        Assert.Equal([70_002, 70_001, 100], await ListAsync(70_001, 3)); // one that is not the head yet
        Assert.Equal([99, 10, 9], await ListAsync(70_002, 3, before: 100));
        Assert.Equal([9, 2, 1], await ListAsync(70_002, 5000, before: 10));
        Assert.Empty(await ListAsync(70_002, before: 1));
        Assert.Equal([100, 99], await ListAsync(99, 2));
        Assert.Equal([1, 2, 9, 10, 99, 100, 70_001, 70_002], (await versions.AllAsync(Cancel)).Select(one => one.Number));
        Assert.Empty(await storage.Cluster("other").Versions.AllAsync(Cancel));

        async Task<IEnumerable<int>> ListAsync(int newest, int most = 100, int before = int.MaxValue) =>
            (await versions.NewestAsync(newest, most, Cancel, before)).Select(one => one.Number);
    }

    [Fact]
    public async Task The_newest_cost_the_same_few_calls_however_many_there_are()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var versions = storage.Cluster("one").Versions;
        await Parallel.ForAsync(1, 331, Cancel, async (number, _) =>
            await versions.TryWriteAsync(number, Encoding.UTF8.GetBytes("v"), Cancel));
        var before = forwarder.Answers;
        Assert.Equal(Enumerable.Range(311, 20).Reverse(), (await versions.NewestAsync(330, 20, Cancel)).Select(one => one.Number));
        Assert.Equal(1, forwarder.Answers - before);
        Assert.Equal(50, (await versions.NewestAsync(330, 50, Cancel)).Count);
        Assert.Equal(3, forwarder.Answers - before);
        Assert.Equal(330, (await versions.NewestAsync(330, 1000, Cancel)).Count);
        Assert.Equal(4, forwarder.Answers - before);
    }

    [Fact]
    public async Task A_list_says_what_was_sealed_and_reads_no_version()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var sealing = new SealedCluster(cluster);
        await sealing.SealAsync("a", "a.example", "Ingress shop/a");
        await sealing.SealAsync("b", "b.example", "é\r\nx-ms-blob-type: AppendBlob\0\ud800");
        await sealing.SealAsync("a", "b.example", new string('é', 5000));
        await sealing.SealAsync("a", "c.example", "");

        var before = forwarder.Answers;
        var listed = await new VersionHistory(cluster).NewestAsync(50, Cancel);
        Assert.Equal(2, forwarder.Answers - before);
        Assert.Equal([4, 3, 2, 1], listed.Select(one => one.Number));
        foreach (var one in listed)
        {
            var content = (await cluster.Versions.ReadAsync(one.Number, Cancel))!.Value;
            var version = JsonSerializer.Deserialize(content.Span, VersionJson.Default.ConfigVersion)!;
            Assert.Equal(VersionSummary.Of(version) with { Size = content.Length }, one);
            Assert.Equal(1, one.Base);
        }

        Assert.Equal("Ingress shop/a", listed[3].Cause);
        Assert.Equal(VersionSummary.LongestCause, listed[1].Cause.Length);
    }

    [Fact]
    public async Task Those_that_a_list_says_nothing_of_are_read()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        await new SealedCluster(cluster).SealAsync("a", "a.example");
        var content = (await cluster.Versions.ReadAsync(1, Cancel))!.Value;
        var text = Encoding.UTF8.GetString(content.Span);
        foreach (var (number, metadata) in new[] { (2, null), (3, new Dictionary<string, string> { ["format"] = "x" }) })
        {
            var other = string.Create(CultureInfo.InvariantCulture, $"\"number\":{number}");
            var written = text.Replace("\"number\":1", other, StringComparison.Ordinal);
            await cluster.Versions.TryWriteAsync(number, Encoding.UTF8.GetBytes(written), Cancel, metadata);
        }

        var listed = await new VersionHistory(cluster).NewestAsync(3, Cancel, before: 4);
        Assert.Equal([2, 1], listed.Select(one => one.Number)); // the head is 1
        Assert.Equal(listed[1] with { Number = 2 }, listed[0]);
    }

    [Fact]
    public async Task Each_of_a_hundred_says_how_far_back_it_goes_and_is_read()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var sealing = new SealedCluster(cluster);
        var hashes = new List<string>();
        for (var i = 1; i <= 100; i++)
        {
            await sealing.SealAsync("a", string.Create(CultureInfo.InvariantCulture, $"a{i}.example"));
            hashes.Add(sealing.Hash);
        }

        var history = new VersionHistory(cluster);
        foreach (var one in await history.NewestAsync(100, Cancel))
        {
            Assert.Equal(one.Number <= 1 + ConfigVersion.FullEvery ? 1 : 2 + ConfigVersion.FullEvery, one.Base);
            Assert.Equal(one.Changed is null, one.Base == one.Number);
        }

        foreach (var number in new[] { 1, 64, 65, 66, 67, 100 })
            Assert.Equal(hashes[number - 1], ModelHash.Of((await history.ModelAsync(number, Cancel))!).Text);
    }
}
