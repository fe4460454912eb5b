namespace IngressReconciler.Proxies;

/// <summary>
/// A proxy cannot be reached, is not trusted, does not trust us, or broke off. What was being sent may or may not have been applied.
/// </summary>
/// <param name="proxy">The proxy's name.</param>
/// <param name="reason">What happened, for a platform engineer, as the end of a sentence that begins with the proxy.</param>
/// <param name="inner">The cause, where an exception brought it to light.</param>
public sealed class ProxyUnavailableException(string proxy, string reason, Exception? inner = null)
    : Exception($"Proxy '{proxy}' {reason}.", inner)
{
    /// <summary>The proxy's name.</summary>
    public string Proxy { get; } = proxy;

    /// <summary>What happened, without the proxy's name.</summary>
    public string Reason { get; } = reason;

    /// <summary>False when only a person can mend it: certificates, names, versions.</summary>
    public bool IsTransient { get; init; } = true;

    /// <summary>While the circuit is open: when the proxy may be tried again. Otherwise zero.</summary>
    public TimeSpan RetryAfter { get; init; }
}
