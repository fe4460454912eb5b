using System.Diagnostics;

namespace IngressReconciler.Telemetry;

/// <summary>
/// Where spans come from: one trace leads from the relay's event to every proxy's acknowledgement. <c>relay.observe</c> ─► <c>relay.publish</c>,
/// and over the event's <c>traceparent</c> ─► <c>reconciler.round</c> ─► <c>journal.append</c>, <c>version.seal</c>, and one <c>proxy.push</c>
/// for each proxy. While nobody listens no span is made.
/// </summary>
public static class Traces
{
    /// <summary>The name that exporters listen to, for spans and for metrics.</summary>
    public const string Name = "IngressReconciler";

    /// <summary>Of how many causes a span tells besides the first.</summary>
    private const int MostLinks = 32;

    /// <summary>The source of all spans.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Begins a span with several causes: in the trace of the first, linked to the others. Without a cause it belongs to what runs here.</summary>
    public static Activity? Start(string name, ActivityKind kind, IEnumerable<ActivityContext> causes)
    {
        if (!Source.HasListeners())
            return null;
        ActivityContext[] some = [.. causes.Where(cause => cause != default).Distinct().Take(1 + MostLinks)];
        return some.Length == 0
            ? Source.StartActivity(name, kind)
            : Source.StartActivity(name, kind, some[0], links: some[1..].Select(cause => new ActivityLink(cause)));
    }

    /// <summary>Notes how far the span has come that runs here, if it is one of ours.</summary>
    public static void Stage(string name)
    {
        if (Activity.Current is { IsAllDataRequested: true } span && span.Source == Source)
            span.AddEvent(new(name));
    }

    /// <summary>Notes that a span's work failed.</summary>
    public static void Fail(this Activity? span, string reason) => span?.SetStatus(ActivityStatusCode.Error, reason);

    /// <summary>Nothing came of it: no exporter gets the span.</summary>
    public static void Forget(this Activity? span)
    {
        if (span is not null)
            (span.IsAllDataRequested, span.ActivityTraceFlags) = (false, span.ActivityTraceFlags & ~ActivityTraceFlags.Recorded);
    }
}
