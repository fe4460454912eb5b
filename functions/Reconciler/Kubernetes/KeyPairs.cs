using IngressReconciler.Facts;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// Reads certificates with their keys when they are pushed, from where the cluster's Secrets are, and checks them
/// (<see cref="PemBundle"/>): a key that does not fit its certificate breaks other connections of HAProxy. The text lives
/// as long as the push.
/// </summary>
/// <param name="reader">Reads the cluster; null when there is no way to.</param>
/// <param name="time">Tells what has expired.</param>
public sealed class KeyPairs(IClusterReader? reader, TimeProvider time)
{
    /// <summary>Chain and key, or why there is no usable pair of that fingerprint.</summary>
    public async ValueTask<KeyPairText> ReadAsync(CertificateReference reference, string fingerprint, CancellationToken cancel)
    {
        if (reader is null)
            return KeyPairText.Unusable($"this instance has no way to read Secrets of its cluster");
        TlsKeyPair? pair;
        try
        {
            pair = await reader.ReadKeyPairAsync(reference.Namespace, reference.Name, cancel);
        }
        catch (IOException e)
        {
            return KeyPairText.Unread($"{e.Message}");
        }

        if (pair is null)
            return KeyPairText.Unusable($"the Secret is gone, or lacks tls.crt or tls.key");
        if (pair.Fingerprint != fingerprint)
            return KeyPairText.Unusable($"the Secret has changed since; the event of its change will bring it");
        return PemBundle.TryMake(pair.Chain, pair.PrivateKey, time.GetUtcNow(), out var bundle, out var refusal)
            ? KeyPairText.Of(bundle)
            : KeyPairText.Unusable(refusal);
    }
}
