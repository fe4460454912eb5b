using System.Globalization;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

public sealed class JournalFailureTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_append_whose_answer_was_lost_is_there_once_and_is_known_to_be_there()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = await Lines.AppendAsync(journal, JournalPosition.Start, "a");

        forwarder.LoseAnswers(1);
        var outcome = await journal.AppendAsync(at, Lines.Of("b"), Cancel);
        Assert.True(outcome.Appended);
        await Lines.AppendAsync(journal, outcome.Position, "c");
        Assert.Equal(["a", "b", "c"], await Lines.AllAsync(journal));
    }

    [Fact]
    public async Task An_append_that_ended_in_an_outage_is_repeated_and_there_once_even_behind_other_lines()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        var options = await azurite.FreshAsync(forwarder.Port) with { Deadline = TimeSpan.FromSeconds(1), TryTimeout = TimeSpan.FromSeconds(1) };
        using var storage = new BlobStorage(options, TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = await Lines.AppendAsync(journal, JournalPosition.Start, "a");

        forwarder.DieAfter(0);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => journal.AppendAsync(at, Lines.Of("b"), Cancel));
        using (var other = new BlobStorage(options with { ConnectionString = (await azurite.Process).ConnectionString }, TimeProvider.System))
            await Lines.AppendAsync(other.Cluster("one").Journal, at, "c");
        forwarder.Dark = false;

        var outcome = await journal.AppendAsync(at, Lines.Of("b"), Cancel);
        Assert.True(outcome.Appended);
        Assert.Equal("c", Lines.IdOf(Assert.Single((await journal.ReadAsync(outcome.Position, Cancel)).Lines)));
        Assert.Equal(["a", "b", "c"], await Lines.AllAsync(journal));
    }

    [Fact]
    public async Task A_writer_may_die_after_any_call_and_the_next_one_goes_on()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        // Twelve lines at three a segment take more calls than this, rotations included: each is once the last that takes effect.
        for (var calls = 0; calls < 26; calls++)
        {
            var options = await azurite.FreshAsync() with { SegmentBlocks = 3 };
            var acknowledged = new List<string>();
            var asked = "";
            var doomed = options with
            {
                ConnectionString = StorageOptions.AzuriteConnection(forwarder.Port),
                Deadline = TimeSpan.FromMilliseconds(700),
                TryTimeout = TimeSpan.FromMilliseconds(500),
            };
            using (var storage = new BlobStorage(doomed, TimeProvider.System))
            {
                forwarder.DieAfter(calls);
                var at = JournalPosition.Start;
                try
                {
                    for (var i = 0; i < 12; i++)
                    {
                        asked = string.Create(CultureInfo.InvariantCulture, $"first-{i}");
                        at = await Lines.AppendAsync(storage.Cluster("one").Journal, at, asked);
                        acknowledged.Add(asked);
                    }
                }
                catch (StorageUnavailableException)
                {
                    // This is its death: nobody tries again.
                }
                forwarder.Dark = false;
            }

            using var next = new BlobStorage(options, TimeProvider.System);
            var journal = next.Cluster("one").Journal;
            var end = JournalPosition.Start;
            for (var i = 0; i < 5; i++)
                end = await Lines.AppendAsync(journal, end, string.Create(CultureInfo.InvariantCulture, $"next-{i}"));

            var all = await Lines.AllAsync(journal);
            var rest = Enumerable.Range(0, 5).Select(i => string.Create(CultureInfo.InvariantCulture, $"next-{i}"));
            var tookEffect = all.Contains(asked) && !acknowledged.Contains(asked) ? acknowledged.Append(asked) : acknowledged;
            Assert.Equal(tookEffect.Concat(rest), all);
        }
    }

    [Fact]
    public async Task A_successor_that_a_dead_writer_left_empty_is_used()
    {
        var options = await azurite.FreshAsync() with { SegmentBlocks = 2 };
        using var storage = new BlobStorage(options, TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = await Lines.AppendAsync(journal, JournalPosition.Start, "a");
        await Raw(options).GetAppendBlobClient("clusters/one/journal/00000002").CreateAsync(cancellationToken: Cancel);
        foreach (var id in new[] { "b", "c", "d", "e" })
            at = await Lines.AppendAsync(journal, at, id);
        Assert.Equal(3, at.Segment);
        Assert.Equal(["a", "b", "c", "d", "e"], await Lines.AllAsync(journal));
    }

    [Fact]
    public async Task A_pruned_position_is_a_gap_and_is_never_written_again()
    {
        var later = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(2));
        var options = await azurite.FreshAsync() with { SegmentBlocks = 2 };
        using var storage = new BlobStorage(options, later);
        var journal = storage.Cluster("one").Journal;
        var ends = new List<JournalPosition> { JournalPosition.Start };
        for (var i = 0; i < 9; i++)
            ends.Add(await Lines.AppendAsync(journal, ends[^1], string.Create(CultureInfo.InvariantCulture, $"{i}")));
        Assert.Equal(5, ends[^1].Segment);

        Assert.Equal(3, await journal.PruneAsync(new(4, 0), Cancel));
        foreach (var stale in new[] { JournalPosition.Start, new(2, 0), new(3, 0) }.Concat(ends.Where(end => end.Segment < 4)))
        {
            await Assert.ThrowsAsync<JournalGapException>(() => journal.ReadAsync(stale, Cancel));
            await Assert.ThrowsAsync<JournalGapException>(() => journal.AppendAsync(stale, Lines.Of("stale"), Cancel));
        }
        var tail = await journal.ReadAsync(new(4, 0), Cancel);
        Assert.Equal("6", Lines.IdOf(tail.Lines[0]));
        Assert.Equal(0, await journal.PruneAsync(new(4, 0), Cancel));
    }

    [Fact]
    public async Task A_segment_that_was_written_within_the_hour_is_not_pruned()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync() with { SegmentBlocks = 1 }, TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = await Lines.AppendAsync(journal, JournalPosition.Start, "a");
        at = await Lines.AppendAsync(journal, at, "b");
        Assert.Equal(0, await journal.PruneAsync(at, Cancel));
    }

    [Fact]
    public async Task A_journal_that_was_emptied_is_a_gap_for_whoever_had_read_it()
    {
        var options = await azurite.FreshAsync();
        using var storage = new BlobStorage(options, TimeProvider.System);
        var journal = storage.Cluster("one").Journal;
        var at = await Lines.AppendAsync(journal, JournalPosition.Start, "a");
        at = await Lines.AppendAsync(journal, at, "b");

        var segment = Raw(options).GetAppendBlobClient("clusters/one/journal/00000001");
        await segment.DeleteAsync(cancellationToken: Cancel);
        await Assert.ThrowsAsync<JournalGapException>(() => journal.ReadAsync(at, Cancel));
        await Assert.ThrowsAsync<JournalGapException>(() => journal.AppendAsync(at, Lines.Of("c"), Cancel));

        await Lines.AppendAsync(journal, JournalPosition.Start, "new");
        await Assert.ThrowsAsync<JournalGapException>(() => journal.ReadAsync(at, Cancel));
        await Assert.ThrowsAsync<JournalGapException>(() => journal.AppendAsync(at, Lines.Of("c"), Cancel));
    }

    private static BlobContainerClient Raw(StorageOptions options) => new(options.ConnectionString, options.Container);
}
