using System.Diagnostics;

namespace IngressReconciler.Telemetry;

/// <summary>Where spans come from: one trace leads from the relay's event to every proxy's acknowledgement.</summary>
public static class Traces
{
    /// <summary>The name that exporters listen to, for spans and for metrics.</summary>
    public const string Name = "IngressReconciler";

    /// <summary>The source of all spans.</summary>
    public static ActivitySource Source { get; } = new(Name);
}
