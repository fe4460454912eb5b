using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

public sealed class ClusterStorageTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("Prod")]
    [InlineData("a.b")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task An_odd_cluster_id_is_refused(string id)
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var refused = Assert.Throws<ArgumentException>(() => storage.Cluster(id));
        Assert.Contains("DNS label", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_snapshot_is_read_and_the_newest_three_are_kept()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var snapshots = storage.Cluster("one").Snapshots;
        Assert.Null(await snapshots.ReadNewestAsync(Cancel));
        Assert.Null(await snapshots.PruneAsync(Cancel));
        JournalPosition[] positions = [new(1, 20), new(2, 5), new(1, 1_000), new(10, 1), new(9, 999_999)];
        foreach (var position in positions)
            await snapshots.WriteAsync(position, (stream, token) => stream.WriteAsync(Encoding.UTF8.GetBytes($"{position}"), token).AsTask(), Cancel);

        var newest = await snapshots.ReadNewestAsync(Cancel);
        Assert.Equal(new JournalPosition(10, 1), newest!.Position);
        Assert.Equal($"{newest.Position}", await new StreamReader(newest.Content).ReadToEndAsync(Cancel));
        Assert.Equal(new JournalPosition(2, 5), await snapshots.PruneAsync(Cancel));
        Assert.Equal(new JournalPosition(2, 5), await snapshots.PruneAsync(Cancel));
        Assert.Equal(new JournalPosition(10, 1), (await snapshots.ReadNewestAsync(Cancel))!.Position);
    }

    [Fact]
    public async Task A_snapshot_larger_than_one_call_comes_back_whole()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var snapshots = storage.Cluster("one").Snapshots;
        var noise = new byte[20 << 20];
        new Random(1).NextBytes(noise);
        await snapshots.WriteAsync(JournalPosition.Start, (stream, token) => stream.WriteAsync(noise, token).AsTask(), Cancel);

        var back = new MemoryStream();
        await using (var content = (await snapshots.ReadNewestAsync(Cancel))!.Content)
            await content.CopyToAsync(back, Cancel);
        Assert.True(noise.AsSpan().SequenceEqual(back.ToArray()));
    }

    [Fact]
    public async Task A_snapshot_whose_writing_fails_is_not_there()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var snapshots = storage.Cluster("one").Snapshots;
        await Assert.ThrowsAsync<InvalidOperationException>(() => snapshots.WriteAsync(
            JournalPosition.Start,
            async (stream, token) =>
            {
                await stream.WriteAsync("half"u8.ToArray(), token);
                throw new InvalidOperationException();
            },
            Cancel));
        Assert.Null(await snapshots.ReadNewestAsync(Cancel));
    }

    [Fact]
    public async Task Proxy_reports_are_overwritten_read_together_and_removed()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var proxies = storage.Cluster("one").Proxies;
        Assert.Empty(await proxies.ReadAllAsync(Cancel));
        await proxies.WriteAsync("proxy-a", "1"u8.ToArray(), Cancel);
        await proxies.WriteAsync("proxy-b", "2"u8.ToArray(), Cancel);
        await proxies.WriteAsync("proxy-a", "3"u8.ToArray(), Cancel);
        var all = await proxies.ReadAllAsync(Cancel);
        Assert.Equal([("proxy-a", "3"), ("proxy-b", "2")], all.OrderBy(one => one.Key).Select(one => (one.Key, Encoding.UTF8.GetString(one.Value.Span))));
        await proxies.RemoveAsync("proxy-a", Cancel);
        await proxies.RemoveAsync("proxy-a", Cancel);
        Assert.Equal(["proxy-b"], (await proxies.ReadAllAsync(Cancel)).Keys);
        await Assert.ThrowsAsync<ArgumentException>(() => proxies.WriteAsync("../head", "x"u8.ToArray(), Cancel));
    }

    [Theory]
    [InlineData("", "UseDevelopmentStorage=true", "UseDevelopmentStorage=true", null, null)]
    [InlineData(":accountName", "acme", null, "https://acme.blob.core.windows.net/", null)]
    [InlineData(":blobServiceUri", "https://acme.blob.example/", null, "https://acme.blob.example/", "id-1")]
    public void Settings_are_the_functions_hosts_own(string key, string value, string? connection, string? uri, string? clientId)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [$"AzureWebJobsStorage{key}"] = value,
            ["AzureWebJobsStorage:credential"] = "managedidentity",
            ["AzureWebJobsStorage:clientId"] = clientId,
        }).Build();
        var options = StorageOptions.FromSettings(settings);
        Assert.Equal((connection, uri, clientId), (options.ConnectionString, options.ServiceUri?.ToString(), options.ClientId));
        new BlobStorage(options, TimeProvider.System).Dispose();
    }

    [Fact]
    public void Missing_and_wrong_settings_are_named()
    {
        var none = new ConfigurationBuilder().Build();
        Assert.Contains("AzureWebJobsStorage", Assert.Throws<ArgumentException>(() => StorageOptions.FromSettings(none)).Message, StringComparison.Ordinal);
        foreach (var wrong in new[]
        {
            new StorageOptions(),
            StorageOptions.Azurite(1) with { ServiceUri = new("https://acme.blob.example") },
            StorageOptions.Azurite(1) with { LeaseDuration = TimeSpan.FromSeconds(5) },
            StorageOptions.Azurite(1) with { SegmentBlocks = 50_000 },
            StorageOptions.Azurite(1) with { Deadline = TimeSpan.Zero },
        })
            Assert.Throws<ArgumentException>(() => new BlobStorage(wrong, TimeProvider.System));
    }
}
