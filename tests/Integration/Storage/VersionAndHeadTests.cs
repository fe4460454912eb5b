using System.Globalization;
using System.Text;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

public sealed class VersionAndHeadTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_version_is_written_once_and_never_changed()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var versions = storage.Cluster("one").Versions;
        Assert.Null(await versions.ReadAsync(1, Cancel));
        var attempts = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => versions.TryWriteAsync(1, Text($"{i}"), Cancel)));
        var winner = Array.IndexOf(attempts, true);
        Assert.Single(attempts, written => written);

        Assert.False(await versions.TryWriteAsync(1, Text("other"), Cancel));
        Assert.True(await versions.TryWriteAsync(1, Text($"{winner}"), Cancel));
        Assert.Equal($"{winner}", Text(await versions.ReadAsync(1, Cancel)));
    }

    [Fact]
    public async Task Of_two_that_move_the_head_one_wins_and_the_other_sees_what_is_there()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var head = storage.Cluster("one").Head;
        Assert.Null(await head.ReadAsync(null, Cancel));
        HeadState? before = null;
        for (var round = 0; round < 10; round++)
        {
            var moves = await Task.WhenAll(
                head.MoveAsync(before, Text(string.Create(CultureInfo.InvariantCulture, $"left {round}")), Cancel),
                head.MoveAsync(before, Text(string.Create(CultureInfo.InvariantCulture, $"right {round}")), Cancel));
            var winner = Assert.Single(moves, move => move.Moved).State!;
            var loser = Assert.Single(moves, move => !move.Moved).State!;
            Assert.Equal(winner.Tag, loser.Tag);
            Assert.Equal(Text(winner.Content), Text(loser.Content));
            before = loser;
        }
        Assert.Same(before, await head.ReadAsync(before, Cancel));
    }

    [Fact]
    public async Task A_first_move_needs_that_there_is_no_head_and_a_later_one_that_there_is()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var head = storage.Cluster("one").Head;
        var lost = await storage.Cluster("two").Head.MoveAsync(null, Text("a"), Cancel);
        Assert.True(lost.Moved);
        Assert.Equal(new HeadMove(false, null), await head.MoveAsync(lost.State, Text("b"), Cancel));
        Assert.True((await head.MoveAsync(null, Text("c"), Cancel)).Moved);
        Assert.False((await head.MoveAsync(null, Text("d"), Cancel)).Moved);
        Assert.Equal("c", Text((await head.ReadAsync(null, Cancel))!.Content));
    }

    [Fact]
    public async Task Writes_whose_answer_was_lost_are_known_to_have_taken_place()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var first = await cluster.Head.MoveAsync(null, Text("first"), Cancel);

        forwarder.LoseAnswers(1);
        Assert.True(await cluster.Versions.TryWriteAsync(1, Text("v"), Cancel));
        forwarder.LoseAnswers(1);
        var second = await cluster.Head.MoveAsync(first.State, Text("second"), Cancel);
        Assert.True(second.Moved);
        Assert.Equal(second.State!.Tag, (await cluster.Head.ReadAsync(null, Cancel))!.Tag);
    }

    [Fact]
    public async Task Each_costs_one_call()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var moved = await cluster.Head.MoveAsync(null, Text("first"), Cancel);
        await (await cluster.PushLease.TryAcquireAsync(Cancel))!.DisposeAsync();

        var before = forwarder.Answers;
        await cluster.Versions.TryWriteAsync(1, Text("v"), Cancel);
        await cluster.Versions.ReadAsync(1, Cancel);
        moved = await cluster.Head.MoveAsync(moved.State, Text("second"), Cancel);
        await cluster.Head.ReadAsync(moved.State, Cancel);
        await cluster.Head.ReadAsync(null, Cancel);
        var held = await cluster.PushLease.TryAcquireAsync(Cancel);
        await held!.DisposeAsync();
        await cluster.Proxies.WriteAsync("proxy", Text("r"), Cancel);
        Assert.Equal(8, forwarder.Answers - before);
    }

    private static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte>? bytes) => Encoding.UTF8.GetString(bytes!.Value.Span);
}
