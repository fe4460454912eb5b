using System.Collections.Concurrent;
using System.Diagnostics;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>Listens to every span of ours, as an exporter does.</summary>
internal sealed class Spans : IDisposable
{
    private readonly ConcurrentQueue<Activity> ended = [];
    private readonly ActivityListener listener;

    public Spans()
    {
        listener = new()
        {
            ShouldListenTo = source => source.Name == Traces.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>Those that have ended and an exporter would get.</summary>
    public IEnumerable<Activity> Ended => ended.Where(span => span.Recorded);

    /// <summary>Those of one name in one trace.</summary>
    public Activity[] Of(ActivityTraceId trace, string name) => [.. Ended.Where(span => span.TraceId == trace && span.OperationName == name)];

    public void Dispose() => listener.Dispose();
}
