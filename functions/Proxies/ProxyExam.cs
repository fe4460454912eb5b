using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Proxies;

/// <summary>What one proxy was found to be.</summary>
public sealed record ProxyExam
{
    /// <summary>Why not everything could be asked; null when it could.</summary>
    public ProxyError? Trouble { get; init; }

    /// <summary>The process; null when it could not be asked.</summary>
    public ProxyProcess? Process { get; init; }

    /// <summary>What its bootstrap offers; null when it could not be asked.</summary>
    public ProxyBootstrap? Bootstrap { get; init; }

    /// <summary>What its admin port shows, trusted or not; null when nothing could be seen.</summary>
    public ShownCertificate? Certificate { get; init; }

    /// <summary>How far its clock is before ours; null when it did not say.</summary>
    public TimeSpan? Skew { get; init; }

    /// <summary>What somebody else has put there and we never do, with what to do about it.</summary>
    public ImmutableArray<ForeignPart> Foreign { get; init; } = [];
}

/// <summary>A certificate that somebody shows.</summary>
/// <param name="Subject">Whose it is.</param>
/// <param name="Expires">When it stops being valid.</param>
public sealed record ShownCertificate(ShownText Subject, DateTimeOffset Expires);

/// <summary>A proxy could not be asked.</summary>
/// <param name="Fault">The kind of trouble.</param>
/// <param name="Reason">What happened, as the end of a sentence that begins with the proxy.</param>
public sealed record ProxyError(ProxyFault Fault, ShownText Reason);

/// <summary>Something on a proxy that none of us has put there.</summary>
/// <param name="Found">What it is, and what it does.</param>
/// <param name="Remedy">How to remove it.</param>
public sealed record ForeignPart(string Found, string Remedy);
