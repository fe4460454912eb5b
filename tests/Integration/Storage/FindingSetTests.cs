using System.Text;
using Azure.Storage.Blobs;
using IngressReconciler.Reconciliation;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>Findings are stored once for each distinct set of them; a version is read whether or not its set can be.</summary>
public sealed class FindingSetTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_version_with_the_findings_of_its_parent_writes_none()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var sealing = new SealedCluster(storage.Cluster("one"));
        await sealing.SealAsync("bad", "no host!");
        var before = forwarder.Answers;
        await sealing.SealAsync("other", "other.example"); // ServiceNotFound
        Assert.Equal(3, forwarder.Answers - before);
        await sealing.SealAsync("other", "another.example"); // the same
        Assert.Equal(5, forwarder.Answers - before);
    }

    [Fact]
    public async Task A_version_whose_findings_were_never_written_is_read_and_says_so()
    {
        var options = await azurite.FreshAsync();
        using var storage = new BlobStorage(options, TimeProvider.System);
        var cluster = storage.Cluster("one");
        await new SealedCluster(cluster).SealAsync("bad", "no host!");
        var history = new VersionHistory(cluster);
        var version = (await history.FindAsync(1, Cancel))!;
        Assert.NotEmpty(version.Findings);
        Assert.Null(version.FindingsLost);
        var blob = new BlobContainerClient(options.ConnectionString, options.Container)
            .GetBlobClient($"clusters/one/finding-sets/{version.FindingsAt}");

        await blob.UploadAsync(BinaryData.FromString("no Brotli"), overwrite: true, Cancel);
        var damaged = (await history.FindAsync(1, Cancel))!;
        Assert.Contains("cannot be read", damaged.FindingsLost, StringComparison.Ordinal);
        await blob.DeleteAsync(cancellationToken: Cancel);
        var lost = (await history.FindAsync(1, Cancel))!;
        Assert.Empty(lost.Findings);
        Assert.Equal(version.FindingCount, lost.FindingCount);
        Assert.StartsWith("the 2 findings of version 1 are not in storage", lost.FindingsLost, StringComparison.Ordinal);
        Assert.NotNull(await history.ModelAsync(1, Cancel));
    }

    [Fact]
    public async Task A_set_under_the_name_of_another_is_no_answer()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var sets = storage.Cluster("one").FindingSets;
        var name = new string('0', 64);
        Assert.Null(await sets.ReadAsync(name, Cancel));
        await sets.WriteAsync(name, Encoding.UTF8.GetBytes("{}"), Cancel);
        await Assert.ThrowsAsync<InvalidDataException>(() => sets.ReadAsync(name, Cancel));
        await Assert.ThrowsAsync<InvalidDataException>(() => sets.ReadAsync("../head", Cancel));
    }
}
