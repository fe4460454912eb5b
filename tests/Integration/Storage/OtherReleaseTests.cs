using System.Collections.Concurrent;
using System.Globalization;
using Azure.Storage.Blobs;
using IngressReconciler.Cluster;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>What a later release left in storage holds up neither a start nor a snapshot nor a report, and is told once.</summary>
public sealed class OtherReleaseTests(SharedAzurite azurite) : ILogger
{
    private const string Known = """{"kind":"Service","applied":{"metadata":{"name":"web","namespace":"shop","resourceVersion":"5"}}}""";

    private readonly ConcurrentQueue<string> log = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Objects_of_unknown_kinds_go_from_the_journal_into_the_snapshot_and_are_told_once_a_kind()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync() with { SnapshotLines = 2 }, TimeProvider.System);
        var cluster = storage.Cluster("one");
        var at = await AppendAsync(JournalPosition.Start, Route("a", 5), Known);
        at = await AppendAsync(at, Route("b", 6));

        ClusterState state;
        await using (var writer = new SnapshotWriter(cluster, TimeProvider.System, this))
        {
            (state, at) = await writer.LoadAsync(Cancel);
            Assert.Equal(["web"], state.Resources.Keys.Select(key => key.Name));
            var sentence = Assert.Single(log);
            Assert.StartsWith("Cluster one: a later release wrote to the journal", sentence, StringComparison.Ordinal);
            Assert.Contains("2 objects of kind 'HTTPRoute'", sentence, StringComparison.Ordinal);

            for (var i = 7; i < 20; i++)
                Follow(writer, Route("a", i));
            Follow(writer, """{"kind":"HTTPRoute","patched":{}}""");
            Follow(writer, """{"kind":"GRPCRoute","applied":{"metadata":{"name":"g","resourceVersion":"8"}}}""");
            Assert.Equal(3, Told());
            Assert.Equal(["GRPCRoute g 8", "HTTPRoute a 19", "HTTPRoute b 6"], Kept(writer));
            writer.MayWrite(state, at);
            while (await cluster.Snapshots.PruneAsync(Cancel) is null)
                await Task.Delay(20, Cancel);
        }

        await using var next = new SnapshotWriter(cluster, TimeProvider.System, this);
        var snapshot = await cluster.Snapshots.ReadNewestAsync(Cancel);
        Assert.Equal(at, snapshot!.Position);
        await snapshot.Content.DisposeAsync();
        Assert.Equal(["web"], (await next.LoadAsync(Cancel)).State.Resources.Keys.Select(key => key.Name));
        Assert.Equal(["GRPCRoute g 8", "HTTPRoute a 19", "HTTPRoute b 6"], Kept(next));
        Assert.Equal(4, Told());

        // Beside it a snapshot may be told of that was left at the end.
        int Told() => log.Count(line => line.StartsWith("Cluster one: a later release wrote", StringComparison.Ordinal));

        async Task<JournalPosition> AppendAsync(JournalPosition position, params string[] changes) =>
            (await cluster.Journal.AppendAsync(position, JournalText.Line(7, changes), Cancel)).Position;
    }

    [Fact]
    public async Task A_report_that_names_a_kind_of_a_later_release_is_as_none_and_is_overwritten()
    {
        var options = await azurite.FreshAsync();
        using var storage = new BlobStorage(options, TimeProvider.System);
        var cluster = storage.Cluster("one");
        var report = new ResyncReport(DateTimeOffset.UnixEpoch, 1, [], 0, [], 0);
        await cluster.Resync.WriteAsync(report, Cancel);
        var blob = new BlobContainerClient(options.ConnectionString, options.Container).GetBlobClient("clusters/one/resync");
        var text = (await blob.DownloadContentAsync(Cancel)).Value.Content.ToString();
        Assert.Contains("\"versions\": {", text, StringComparison.Ordinal);
        text = text.Replace("\"versions\": {", "\"versions\": {\"HTTPRoute\": \"7\"", StringComparison.Ordinal);
        await blob.UploadAsync(BinaryData.FromString(text), overwrite: true, Cancel);
        Assert.Null(await cluster.Resync.ReadAsync(Cancel));
        await cluster.Resync.WriteAsync(report, Cancel);
        Assert.NotNull(await cluster.Resync.ReadAsync(Cancel));
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        log.Enqueue(formatter(state, exception));

    private static void Follow(SnapshotWriter writer, string change)
    {
        var line = JournalText.Line(7, change);
        writer.Follow(JournalReading.Read(line), line.Length);
    }

    private static IEnumerable<string> Kept(SnapshotWriter writer) =>
        writer.Unknown.Objects.Select(one => $"{one.Key.Kind} {one.Key.Name} {one.ResourceVersion}").Order(StringComparer.Ordinal);

    private static string Route(string name, int version) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"kind":"HTTPRoute","applied":{"x":1,"metadata":{"name":"{{name}}","namespace":"shop","resourceVersion":"{{version}}"} } }""");
}
