using System.Text;
using Azure.Storage.Blobs;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Planning;
using IngressReconciler.Rounds;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>Findings are stored once for each distinct set of them; a version is read whether or not its set can be.</summary>
public sealed class FindingSetTests(SharedAzurite azurite)
{
    private static readonly JournalPosition Position = new(1, 0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_version_with_the_findings_of_its_parent_writes_none()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var sealing = new Sealing(storage.Cluster("one"));
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
        await new Sealing(cluster).SealAsync("bad", "no host!");
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

    /// <summary>Applies Ingresses, and seals after each.</summary>
    private sealed class Sealing
    {
        private readonly VersionSealing sealing;
        private Wanted wanted = Wanted.Of(ClusterState.Empty, new());
        private int version;

        public Sealing(ClusterStorage cluster)
        {
            sealing = new(cluster, TimeProvider.System);
            sealing.Begin(wanted.Model);
            Apply(new IngressClass
            {
                Metadata = new() { Name = "ours", ResourceVersion = "1", Annotations = new() { [IngressClass.DefaultAnnotation] = "true" } },
                Spec = new("ingressreconciler.dev/ingress-controller"),
            });
            Apply(Ingress("first", "first.example"));
        }

        public async Task SealAsync(string name, string host)
        {
            Apply(Ingress(name, host));
            Assert.True(await sealing.SealAsync(wanted, Position, "test", Cancel));
        }

        private void Apply(Resource one)
        {
            (wanted, var difference) = wanted.After([new Applied(one)], DateTimeOffset.UnixEpoch);
            sealing.Follow(difference);
        }

        private Ingress Ingress(string name, string host) => new()
        {
            Metadata = new() { Name = name, Namespace = "shop", ResourceVersion = $"{++version}" },
            Spec = new() { Rules = [new(host, new([new("/", "Prefix", new(new("web", new(null, 80)), null))]))] },
        };
    }
}
