namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// One command of HAProxy's Runtime API (management guide, section 9.3), ready to be sent: escaped, checked, without its line end.
/// </summary>
/// <param name="Line">The command, one line, under 16,000 bytes.</param>
/// <param name="Payload">What follows <c>&lt;&lt;%END%</c>, line by line, each line under 16,000 bytes and ended by a line feed; null for none.</param>
public readonly record struct RuntimeCommand(string Line, string? Payload = null);
