using System.Diagnostics;
using System.Globalization;

namespace IngressReconciler.Cluster;

/// <summary>The event that told of a change. It says how long the change has taken and whose trace it belongs to, and decides nothing.</summary>
/// <param name="Time">When the relay saw the change, by its own clock; null when the event does not say.</param>
/// <param name="Trace">The trace that began with it; <c>default</c> for none.</param>
public sealed record EventOrigin(DateTimeOffset? Time, ActivityContext Trace)
{
    /// <summary>The length of a W3C <c>traceparent</c> of every version that we read.</summary>
    private const int TraceParentLength = 55;

    /// <summary>Reads the CloudEvent's <c>time</c> and <c>traceparent</c> (extension "distributed tracing"); what is not of their form is as if it were not there.</summary>
    public static EventOrigin Read(string? time, string? traceparent) => new(
        DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
        traceparent is { Length: TraceParentLength } && (traceparent[2], traceparent[35], traceparent[52]) is ('-', '-', '-')
            && ActivityContext.TryParse(traceparent, traceState: null, isRemote: true, out var trace) ? trace : default);
}
