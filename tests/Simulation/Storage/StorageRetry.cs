using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace IngressReconciler.Simulation.Storage;

/// <summary>
/// What the SDK's own retry policy does, by the instance's clock: a call that fails in a way that may pass is made again, later and later,
/// as long as the product's deadline leaves time.
/// </summary>
/// <param name="time">The instance's clock.</param>
/// <param name="random">Spreads the tries.</param>
public sealed class StorageRetry(TimeProvider time, Random random) : HttpPipelinePolicy
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var started = time.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = pause * 2 < Longest ? pause * 2 : Longest)
        {
            Exception? failure = null;
            try
            {
                await ProcessNextAsync(message, pipeline);
                if (message.Response.Status is not (408 or 429 or 500 or 502 or 503 or 504))
                    return;
            }
            catch (Exception e) when (e is RequestFailedException or IOException or OperationCanceledException)
            {
                if (message.CancellationToken.IsCancellationRequested)
                    throw;
                failure = e;
            }

            var wait = pause * (0.8 + (0.4 * random.NextDouble()));
            if (time.GetElapsedTime(started) + wait > Deadline)
            {
                // An outage of refusals is told by the last of them, one of silence by the deadline.
                if (failure is OperationCanceledException)
                    throw new OperationCanceledException("the deadline has passed");
                if (failure is not null)
                    throw new AggregateException("several tries have failed", failure);
                return;
            }

            await Task.Delay(wait, time, message.CancellationToken);
        }
    }

    /// <inheritdoc/>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("the product makes no call that blocks");
}
