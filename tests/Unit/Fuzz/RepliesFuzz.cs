using IngressReconciler.Planning;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness.Fuzz;
using Xunit;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>
/// Whatever bytes a proxy answers with, they are cut into replies within the limit.
/// </summary>
public sealed class RepliesFuzz
{
    private const int Limit = 64 * 1024;

    [Fact]
    public void Any_bytes_are_cut_into_replies_or_the_session_ends() =>
        FuzzRun.Run("tests/Unit/Fuzz/corpus/replies", ["[6]: done\n\n\nVersion: 3.4.7\nPid: 1\n\n"u8.ToArray()], 5_000, input =>
        {
            using var buffer = new ReplyBuffer(Limit);
            var taken = 0;
            for (var at = 0; at < input.Length;)
            {
                var free = buffer.Free().Span;
                var count = Math.Min(free.Length, input.Length - at);
                input.AsSpan(at, count).CopyTo(free);
                buffer.Advance(count);
                at += count;
                while (buffer.TryTake(out var reply))
                {
                    taken++;
                    Assert.True(reply.Text.Length <= input.Length);
                }
            }

            Assert.InRange(taken, 0, input.Length);
        });
}
