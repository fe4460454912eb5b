using System.Globalization;
using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Reconciliation;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>A snapshot that is not what we wrote is told by its name, and costs no more memory than is set.</summary>
public sealed class SnapshotDamageTests(SharedAzurite azurite)
{
    private const long Most = 1 << 20;

    private static readonly JournalPosition Position = JournalPosition.Start;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("zeros")]
    [InlineData("lines")]
    public async Task One_that_unpacks_without_end_is_refused_by_name_and_bound(string what)
    {
        using var storage = new BlobStorage(await azurite.FreshAsync() with { SnapshotBytes = Most }, TimeProvider.System);
        var cluster = storage.Cluster("one");
        var piece = what == "zeros" ? new byte[Most] : [.. Enumerable.Repeat(new JournalBatch("", default, []).ToBytes(), 10_000).SelectMany(line => line)];
        await cluster.Snapshots.WriteAsync(
            Position,
            async (stream, token) =>
            {
                for (var i = 0; i < 200; i++)
                    await stream.WriteAsync(piece, token);
            },
            Cancel);
        var writer = new SnapshotWriter(cluster, TimeProvider.System, NullLogger.Instance);

        var before = GC.GetTotalAllocatedBytes();
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => writer.LoadAsync(Cancel));
        Assert.StartsWith($"snapshot clusters/one/snapshots/{Position} unpacks to more than 1,048,576 bytes", refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100L << 20); // of 200 MB
    }

    [Fact]
    public async Task What_is_written_is_read_line_by_line_and_a_rest_of_a_line_is_damage()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var state = ClusterState.Empty.Apply(Enumerable.Range(0, 3000).Select(i => new Applied(Service(i))), DateTimeOffset.UnixEpoch).State;
        await WriteAsync([.. ClusterSnapshot.Lines(state, DateTimeOffset.UnixEpoch)]);
        var writer = new SnapshotWriter(cluster, TimeProvider.System, NullLogger.Instance);
        Assert.Equal(3000, (await writer.LoadAsync(Cancel)).State.Resources.Count);

        await WriteAsync([.. ClusterSnapshot.Lines(state, DateTimeOffset.UnixEpoch), Encoding.UTF8.GetBytes("{\"id\"")]);
        await Assert.ThrowsAsync<InvalidDataException>(() => writer.LoadAsync(Cancel));

        Task WriteAsync(byte[][] lines) => cluster.Snapshots.WriteAsync(
            Position,
            async (stream, token) =>
            {
                foreach (var line in lines)
                    await stream.WriteAsync(line, token);
            },
            Cancel);
    }

    private static Service Service(int number) => new()
    {
        Metadata = new() { Name = string.Create(CultureInfo.InvariantCulture, $"s{number}"), Namespace = "shop", ResourceVersion = "1" },
    };
}
