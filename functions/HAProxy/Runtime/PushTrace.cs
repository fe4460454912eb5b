using System.Diagnostics;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>Says on the span of a push how far it has come.</summary>
internal static class PushTrace
{
    /// <summary>Notes a stage on the span that runs here, if there is one that is recorded.</summary>
    public static void Reached(string stage)
    {
        if (Activity.Current is { IsAllDataRequested: true } span)
            span.AddEvent(new(stage));
    }
}
