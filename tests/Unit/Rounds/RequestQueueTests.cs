using IngressReconciler.Reconciliation;
using Xunit;

namespace IngressReconciler.Tests.Unit.Rounds;

/// <summary>Nobody waits for a loop that has ended.</summary>
public sealed class RequestQueueTests
{
    [Fact]
    public async Task Who_waits_when_the_queue_is_closed_is_told_why_and_so_is_who_comes_later()
    {
        var queue = new RequestQueue(TimeProvider.System);
        var before = queue.Add([]);
        queue.Close(new OperationCanceledException("the program stops"));

        await Assert.ThrowsAsync<OperationCanceledException>(() => before);
        await Assert.ThrowsAsync<OperationCanceledException>(() => queue.Add([]));
        Assert.True(queue.IsEmpty);
    }
}
