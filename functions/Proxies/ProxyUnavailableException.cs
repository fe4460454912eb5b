using IngressReconciler.Cluster;

namespace IngressReconciler.Proxies;

/// <summary>What kind of trouble a proxy gives, for whoever says what to do about it.</summary>
public enum ProxyFault
{
    /// <summary>It does not answer, or has broken off.</summary>
    Unreachable,

    /// <summary>Its host answers, and nothing listens at the admin port.</summary>
    Down,

    /// <summary>We do not trust its certificate.</summary>
    Untrusted,

    /// <summary>It does not let our certificate in.</summary>
    NotAdmitted,

    /// <summary>It runs an HAProxy that is too old.</summary>
    TooOld,
}

/// <summary>
/// A proxy cannot be reached, is not trusted, does not trust us, or broke off. What was being sent may or may not have been applied.
/// </summary>
/// <param name="proxy">The proxy's name.</param>
/// <param name="reason">What happened, for a platform engineer, as the end of a sentence that begins with the proxy.</param>
/// <param name="inner">The cause, where an exception brought it to light.</param>
public sealed class ProxyUnavailableException(string proxy, ShownText reason, Exception? inner = null)
    : Exception(ShownText.Of($"Proxy '{proxy}' {reason}."), inner)
{
    /// <summary>The proxy's name.</summary>
    public string Proxy { get; } = proxy;

    /// <summary>What happened, without the proxy's name.</summary>
    public ShownText Reason { get; } = reason;

    /// <summary>What kind of trouble it is.</summary>
    public ProxyFault Fault { get; init; }

    /// <summary>False when only a person can mend it: certificates, names, versions.</summary>
    public bool IsTransient { get; init; } = true;

    /// <summary>While the circuit is open: when the proxy may be tried again. Otherwise zero.</summary>
    public TimeSpan RetryAfter { get; init; }
}
