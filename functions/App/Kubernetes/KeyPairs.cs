using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// Reads certificates with their keys when they are pushed, from where the cluster's Secrets are, and checks them: HAProxy must not see a key
/// that does not fit. The text lives as long as the push.
/// </summary>
/// <param name="reader">Reads the cluster; null when there is no way to.</param>
/// <param name="time">Tells what has expired.</param>
public sealed class KeyPairs(IClusterReader? reader, TimeProvider time)
{
    /// <summary>Chain and key, or why there is no usable pair of that fingerprint.</summary>
    public async ValueTask<KeyPairText> ReadAsync(CertificateReference reference, string fingerprint, CancellationToken cancel)
    {
        if (reader is null)
            return KeyPairText.Unusable("this instance has no way to read Secrets of its cluster");
        TlsKeyPair? pair;
        try
        {
            pair = await reader.ReadKeyPairAsync(reference.Namespace, reference.Name, cancel);
        }
        catch (IOException e)
        {
            return KeyPairText.Unread(e.Message);
        }

        if (pair is null)
            return KeyPairText.Unusable("it is gone, or lacks its certificate or its key");
        if (pair.Fingerprint != fingerprint)
            return KeyPairText.Unusable("it has changed since; the event of its change will bring it");
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pair.Chain, pair.PrivateKey);
            if (certificate.NotAfter.ToUniversalTime() < time.GetUtcNow())
                return KeyPairText.Unusable($"it expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return KeyPairText.Unusable($"certificate and key do not go together or cannot be read: {e.Message}");
        }

        return KeyPairText.Of(pair.Chain.TrimEnd() + "\n" + pair.PrivateKey.TrimEnd() + "\n");
    }
}
