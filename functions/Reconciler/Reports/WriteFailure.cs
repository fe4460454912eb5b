namespace IngressReconciler.Reports;

/// <summary>The last write to a cluster that failed. It is tried again with the next resync, and forgotten when that begins.</summary>
/// <param name="At">When.</param>
/// <param name="What">What was to be written, about which object.</param>
/// <param name="Reason">What the API server said, or why it did not.</param>
public sealed record WriteFailure(DateTimeOffset At, string What, string Reason);
