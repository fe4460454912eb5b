namespace IngressReconciler.Reports;

/// <summary>An event that was dropped.</summary>
/// <param name="At">When.</param>
/// <param name="Reason">Why: the event, the field, what is expected.</param>
public sealed record RefusedEvent(DateTimeOffset At, string Reason);
