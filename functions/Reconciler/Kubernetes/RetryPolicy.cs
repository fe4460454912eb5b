using Polly;
using Polly.Retry;

namespace IngressReconciler.Kubernetes;

/// <summary>How often a call to an API server is tried: again while that may help, and as the server asks for it with <c>Retry-After</c>.</summary>
internal static class RetryPolicy
{
    /// <summary>
    /// A pipeline for one call and what is tried of it again. It throws the last <see cref="ApiServerException"/>, or
    /// <see cref="Polly.Timeout.TimeoutRejectedException"/> when time is up.
    /// </summary>
    /// <param name="deadline">For all tries together.</param>
    /// <param name="time">Measures it.</param>
    public static ResiliencePipeline Within(TimeSpan deadline, TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(deadline)
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ApiServerException>(e => e.IsOutage),
                MaxRetryAttempts = 4,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(100),
                DelayGenerator = args => ValueTask.FromResult((args.Outcome.Exception as ApiServerException)?.RetryAfter),
            })
            .Build();
}
