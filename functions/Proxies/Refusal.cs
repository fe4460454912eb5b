using IngressReconciler.Cluster;

namespace IngressReconciler.Proxies;

/// <summary>A part of what a proxy is to run that it does not take. It keeps what it had there.</summary>
/// <param name="Part">Which part, in the proxy's own words: tells refusals apart.</param>
/// <param name="Owner">The object that asked for it; null when that is no single one, or gone.</param>
/// <param name="Reason">What was refused, by what, and what to do: a sentence or more, without the proxy's name.</param>
public sealed record Refusal(string Part, ResourceKey? Owner, ShownText Reason);

/// <summary>The proxy refuses the push itself, or does not run what it was told to.</summary>
/// <param name="message">Which step, and what the proxy said.</param>
public sealed class PushRefusedException(ShownText message) : Exception(message);
