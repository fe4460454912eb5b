using System.Diagnostics;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

public sealed class OutageTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_seconds_without_storage_lose_and_double_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("azurite-");
        try
        {
            await using var process = await AzuriteProcess.StartAsync(folder.FullName);
            using var storage = new BlobStorage(StorageOptions.Azurite(process.Port), TimeProvider.System);
            var journal = storage.Cluster("one").Journal;
            using var enough = new CancellationTokenSource();
            var writing = Task.Run(
                async () =>
                {
                    var ids = new List<string>();
                    var at = JournalPosition.Start;
                    while (!enough.IsCancellationRequested)
                    {
                        ids.Add(string.Create(CultureInfo.InvariantCulture, $"{ids.Count}"));
                        at = await Lines.AppendAsync(journal, at, ids[^1], retry: true);
                    }
                    return ids;
                },
                Cancel);

            await Task.Delay(1_000, Cancel);
            await process.StopAsync();
            await Task.Delay(10_000, Cancel);
            await process.StartAgainAsync();
            await Task.Delay(2_000, Cancel);
            await enough.CancelAsync();

            var written = await writing;
            TestContext.Current.TestOutputHelper?.WriteLine($"{written.Count} lines");
            Assert.Equal(written, await Lines.AllAsync(journal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Storage_that_is_gone_is_reported_within_the_deadline_with_its_name()
    {
        var options = await azurite.FreshAsync(FreePorts.Take()) with { Deadline = TimeSpan.FromSeconds(2) };
        using var storage = new BlobStorage(options, TimeProvider.System);
        var cluster = storage.Cluster("one");
        var calls = new Func<Task>[]
        {
            () => cluster.Journal.AppendAsync(JournalPosition.Start, Lines.Of("a"), Cancel),
            () => cluster.Journal.ReadAsync(JournalPosition.Start, Cancel),
            () => cluster.Snapshots.ReadNewestAsync(Cancel),
            () => cluster.Versions.TryWriteAsync(1, Lines.Of("a"), Cancel),
            () => cluster.Head.ReadAsync(null, Cancel),
            () => cluster.PushLease.TryAcquireAsync(Cancel),
            () => cluster.Proxies.ReadAllAsync(Cancel),
        };
        var since = Stopwatch.StartNew();
        var failures = await Task.WhenAll(calls.Select(Assert.ThrowsAsync<StorageUnavailableException>));
        Assert.InRange(since.Elapsed, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(6));
        foreach (var failure in failures)
        {
            Assert.Contains(options.Container, failure.Message, StringComparison.Ordinal);
            Assert.Contains("devstoreaccount1", failure.Message, StringComparison.Ordinal);
            Assert.Contains("may be repeated", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Storage_that_never_answers_is_reported_within_the_deadline()
    {
        await using var forwarder = new SilentServer();
        var options = await azurite.FreshAsync(forwarder.Port) with { Deadline = TimeSpan.FromSeconds(2), TryTimeout = TimeSpan.FromSeconds(1) };
        using var storage = new BlobStorage(options, TimeProvider.System);
        var since = Stopwatch.StartNew();
        await Assert.ThrowsAsync<StorageUnavailableException>(
            () => storage.Cluster("one").Journal.AppendAsync(JournalPosition.Start, Lines.Of("a"), Cancel));
        Assert.InRange(since.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task A_caller_that_gives_up_is_told_so_and_of_no_outage()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(FreePorts.Take()), TimeProvider.System);
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storage.Cluster("one").Head.ReadAsync(null, impatient.Token));
    }

    [Fact]
    public async Task A_wrong_key_is_reported_as_a_refusal()
    {
        var fresh = await azurite.FreshAsync();
        var wrong = fresh.ConnectionString!.Replace("AccountKey=Eby8", "AccountKey=Abcd", StringComparison.Ordinal);
        using var storage = new BlobStorage(fresh with { ConnectionString = wrong }, TimeProvider.System);
        var refused = await Assert.ThrowsAsync<StorageUnavailableException>(() => storage.Cluster("one").Head.ReadAsync(null, Cancel));
        Assert.Contains("Storage Blob Data Contributor", refused.Message, StringComparison.Ordinal);
    }
}
