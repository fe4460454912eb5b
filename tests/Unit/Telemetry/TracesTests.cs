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

    [Fact]
    public void A_push_is_in_the_trace_of_the_first_round_that_waits_for_it()
    {
        using var listener = Listen();
        var proxy = new ProxyTelemetry("one", "p1", TimeProvider.System);
        ActivityContext[] rounds = [.. Enumerable.Range(0, 2).Select(_ => new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded))];
        proxy.Await(new(new(0, 10), 0, rounds[0], []));
        proxy.Await(new(new(0, 20), 0, rounds[1], []));

        using (var push = proxy.StartPush(1, new(0, 10)))
            Assert.Equal((rounds[0].SpanId, 0), (push!.ParentSpanId, push.Links.Count()));
        using (var both = proxy.StartPush(1, new(0, 20)))
            Assert.Equal((rounds[0].SpanId, rounds[1]), (both!.ParentSpanId, both.Links.Single().Context));
        proxy.Reached(new(0, 10));
        using (var rest = proxy.StartPush(1, new(0, 20)))
            Assert.Equal(rounds[1].SpanId, rest!.ParentSpanId);
        proxy.Reached(new(0, 20));
        Assert.Equal(TimeSpan.Zero, proxy.Lag);
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
