using System.Diagnostics;
using IngressReconciler.Telemetry;
using Xunit;

namespace IngressReconciler.Tests.Unit.Telemetry;

/// <summary>How spans hang together.</summary>
public sealed class TracesTests
{
    [Fact]
    public void A_span_is_in_the_trace_of_its_first_cause_and_tells_of_a_bounded_number_of_others()
    {
        using var listener = Listen();
        ActivityContext[] causes = [.. Enumerable.Range(0, 100).Select(_ => new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded))];

        using var span = Traces.Start("test", ActivityKind.Consumer, [default, causes[0], causes[0], .. causes]);

        Assert.Equal((causes[0].TraceId, causes[0].SpanId), (span!.TraceId, span.ParentSpanId));
        Assert.Equal(causes[1..33], span.Links.Select(link => link.Context));
    }

    [Fact]
    public void A_span_of_which_nothing_came_is_not_recorded()
    {
        using var listener = Listen();
        using var span = Traces.Start("test", ActivityKind.Internal, []);
        Assert.True(span!.Recorded);
        span.Forget();
        Assert.False(span.Recorded);
    }

    private static ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Traces.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
