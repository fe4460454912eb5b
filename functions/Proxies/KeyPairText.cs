using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.Routing;

namespace IngressReconciler.Proxies;

/// <summary>Reads a certificate and its key from the cluster. The text is kept nowhere.</summary>
public delegate ValueTask<KeyPairText> KeyPairReading(CertificateReference reference, string fingerprint, CancellationToken cancel);

/// <summary>A certificate chain with its key on its way to a proxy, or why there is none of that fingerprint that could be used.</summary>
public sealed class KeyPairText
{
    private KeyPairText(PemBundle? bundle, ShownText trouble, bool isOutage) => (Bundle, Trouble, IsOutage) = (bundle, trouble, isOutage);

    /// <summary>Chain and key; null when there is no usable pair.</summary>
    public PemBundle? Bundle { get; }

    /// <summary>Why there is none.</summary>
    public ShownText Trouble { get; }

    /// <summary>Whether it only could not be read now, so that asking again may help.</summary>
    public bool IsOutage { get; }

    /// <summary>A usable pair.</summary>
    public static KeyPairText Of(PemBundle bundle) => new(bundle, $"", false);

    /// <summary>There is none that could be used.</summary>
    public static KeyPairText Unusable(ShownText trouble) => new(null, trouble, false);

    /// <summary>It could not be read.</summary>
    public static KeyPairText Unread(ShownText trouble) => new(null, trouble, true);

    /// <summary>Without the key.</summary>
    public override string ToString() => Bundle is null ? Trouble : "(a key pair)";
}
