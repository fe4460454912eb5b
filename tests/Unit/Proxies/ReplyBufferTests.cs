using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

public class ReplyBufferTests
{
    private static readonly string[] Lines = ["a", "[6]: Done.", "[3]: No such server.", "é€😀", "> ", "# name", " ", "[4]: x", "Success!"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Replies_may_be_cut_at_any_byte(int step) =>
        Assert.Equal(["", "a\nb", "", "", "Done.", "x"], Read(Encoding.UTF8.GetBytes("\na\nb\n\n\n\n[6]: Done.\n\nx\n\n"), [step]).Select(r => r.Text));

    [Property(MaxTest = 300)]
    public Property Any_replies_cut_anywhere_come_out_as_they_went_in()
    {
        var reply = Gen.Elements(Lines).ListOf().Select(lines => string.Join('\n', lines));
        return Prop.ForAll(
            reply.ListOf().Select(replies => replies.ToArray()).ToArbitrary(),
            Gen.Choose(1, 50).NonEmptyListOf().Select(cuts => cuts.ToArray()).ToArbitrary(),
            (replies, cuts) =>
            {
                var bytes = Encoding.UTF8.GetBytes(string.Concat(replies.Select(text => text.Length == 0 ? "\n" : text + "\n\n")));
                var expected = replies.Select(text => RuntimeReply.Parse(Encoding.UTF8.GetBytes(text)));
                Assert.Equal(expected, Read(bytes, cuts));
            });
    }

    [Fact]
    public void A_reply_of_megabytes_comes_as_one_text_and_what_follows_is_kept()
    {
        var large = string.Join('\n', Enumerable.Repeat("0123456789", 300_000));

        Assert.Equal([large, "after"], Read(Encoding.UTF8.GetBytes(large + "\n\nafter\n\n"), [16_384]).Select(r => r.Text));
    }

    [Fact]
    public void A_reply_without_end_is_not_gathered_for_ever() =>
        Assert.Throws<InvalidDataException>(() => Read(new byte[2_000_000], [10_000], limit: 1_000_000));

    private static List<RuntimeReply> Read(byte[] bytes, int[] cuts, int limit = 100_000_000)
    {
        using var buffer = new ReplyBuffer(limit);
        var replies = new List<RuntimeReply>();
        for (int at = 0, cut = 0; at < bytes.Length; cut++)
        {
            var free = buffer.Free();
            var count = Math.Min(Math.Min(cuts[cut % cuts.Length], free.Length), bytes.Length - at);
            bytes.AsMemory(at, count).CopyTo(free);
            buffer.Advance(count);
            at += count;
            while (buffer.TryTake(out var reply)) replies.Add(reply);
        }

        Assert.True(limit < 100_000_000 || buffer.Unfinished.IsEmpty);
        return replies;
    }
}
