using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

public sealed class JournalTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(60, 40_000)]
    [InlineData(500, 10)]
    public async Task Eight_writers_at_once_leave_each_line_once_in_one_order_for_all_readers(int each, int segmentBlocks)
    {
        const int writers = 8;
        var options = await azurite.FreshAsync() with { SegmentBlocks = segmentBlocks };
        var since = Stopwatch.StartNew();

        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() => FollowAsync(options, done.Token), Cancel)).ToList();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(
            async () =>
            {
                using var storage = new BlobStorage(options, TimeProvider.System);
                var at = JournalPosition.Start;
                for (var i = 0; i < each; i++)
                    at = await Lines.AppendAsync(storage.Cluster("one").Journal, at, $"{writer}-{i}");
            },
            Cancel)));
        await done.CancelAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{writers * each} lines in {since.Elapsed.TotalSeconds:0.0} s");

        using var after = new BlobStorage(options, TimeProvider.System);
        var all = await Lines.AllAsync(after.Cluster("one").Journal);
        Assert.Equal(writers * each, all.Count);
        Assert.Equal(writers * each, all.Distinct().Count());
        for (var writer = 0; writer < writers; writer++)
            Assert.Equal(Enumerable.Range(0, each).Select(i => $"{writer}-{i}"), all.Where(id => id.StartsWith($"{writer}-", StringComparison.Ordinal)));
        foreach (var reader in readers)
            Assert.Equal(all, await reader);
    }

    [Fact]
    public async Task A_conflict_brings_what_was_missed_and_appends_nothing()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var first = await journal.AppendAsync(JournalPosition.Start, Lines.Of("a"), Cancel);
        Assert.True(first.Appended);

        var late = await journal.AppendAsync(JournalPosition.Start, Lines.Of("b"), Cancel);
        Assert.False(late.Appended);
        Assert.Equal("a", Lines.IdOf(Assert.Single(late.Missed)));
        Assert.Equal(first.Position, late.Position);
        Assert.Equal(late.Missed[0].End, late.Position);
        Assert.Equal(["a"], await Lines.AllAsync(journal));
    }

    [Fact]
    public async Task An_empty_tail_costs_one_call_and_so_does_an_append()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = await Lines.AppendAsync(journal, JournalPosition.Start, "a");

        var before = forwarder.Answers;
        var tail = await journal.ReadAsync(at, Cancel);
        Assert.Equal(1, forwarder.Answers - before);
        Assert.Empty(tail.Lines);
        Assert.True(tail.AtEnd);
        Assert.Equal(at, tail.Position);

        await Lines.AppendAsync(journal, at, "b");
        Assert.Equal(2, forwarder.Answers - before);
    }

    [Fact]
    public async Task A_journal_that_nobody_has_written_is_empty()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var tail = await storage.Cluster("one").Journal.ReadAsync(JournalPosition.Start, Cancel);
        Assert.Equal((0, JournalPosition.Start, true), (tail.Lines.Count, tail.Position, tail.AtEnd));
    }

    [Fact]
    public async Task Lines_up_to_four_mebibytes_go_in_and_come_out_and_longer_ones_are_refused()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = JournalPosition.Start;
        var ids = Enumerable.Range(0, 5).Select(i => new string((char)('a' + i), Journal.LongestLine - Lines.Of("").Length)).ToList();
        foreach (var id in ids)
            at = await Lines.AppendAsync(journal, at, id);

        var first = await journal.ReadAsync(JournalPosition.Start, Cancel);
        Assert.False(first.AtEnd);
        Assert.Equal(ids, await Lines.AllAsync(journal));
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => journal.AppendAsync(at, Lines.Of(ids[0] + "!"), Cancel));
        Assert.Contains("split the batch", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("{}")]
    [InlineData("{}\n{}\n")]
    [InlineData("{\"rotate\":2}\n")]
    public async Task What_is_no_single_line_is_refused(string line)
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        await Assert.ThrowsAsync<ArgumentException>(() => journal.AppendAsync(JournalPosition.Start, System.Text.Encoding.UTF8.GetBytes(line), Cancel));
    }

    [Fact]
    public async Task A_line_longer_than_a_small_segment_goes_in_whole()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync() with { SegmentBytes = 1 }, TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = JournalPosition.Start;
        foreach (var id in new[] { "a", "b", "c" })
            at = await Lines.AppendAsync(journal, at, id);
        Assert.Equal(3, at.Segment);
        Assert.Equal(["a", "b", "c"], await Lines.AllAsync(journal));
    }

    private static async Task<List<string>> FollowAsync(StorageOptions options, CancellationToken writersDone)
    {
        using var storage = new BlobStorage(options, TimeProvider.System);
        var ids = new List<string>();
        var at = JournalPosition.Start;
        while (true)
        {
            var last = writersDone.IsCancellationRequested;
            var tail = await storage.Cluster("one").Journal.ReadAsync(at, Cancel);
            ids.AddRange(tail.Lines.Select(Lines.IdOf));
            at = tail.Position;
            if (last && tail.AtEnd)
                return ids;
            if (tail.AtEnd)
                await Task.Delay(20, Cancel);
        }
    }
}
