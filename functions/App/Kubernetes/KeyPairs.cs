using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Local;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// Reads certificates with their keys when they are pushed, from where the cluster's Secrets are, and checks them: HAProxy must not see a key
/// that does not fit. The text lives as long as the push.
/// </summary>
/// <param name="manifests">The folder that stands for the cluster; null when its Secrets cannot be read.</param>
/// <param name="time">Tells what has expired.</param>
/// <param name="log">Where a pair that cannot be used is named.</param>
public sealed partial class KeyPairs(ManifestFolder? manifests, TimeProvider time, ILogger log)
{
    /// <summary>Chain and key, PEM; null when there is no usable pair of that fingerprint.</summary>
    public async ValueTask<string?> ReadAsync(CertificateReference reference, string fingerprint, CancellationToken cancel)
    {
        if (manifests is null)
            return Unusable(reference, "this instance has no way to read Secrets of its cluster");
        if (await manifests.ReadSecretAsync(reference.Namespace, reference.Name, cancel) is not { } pair)
            return Unusable(reference, "it is gone");
        if (pair.Fingerprint != fingerprint)
            return Unusable(reference, "it has changed since; the event of its change will bring it");
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pair.Chain, pair.PrivateKey);
            if (certificate.NotAfter.ToUniversalTime() < time.GetUtcNow())
                return Unusable(reference, $"it expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}");
        }
        catch (CryptographicException e)
        {
            return Unusable(reference, $"certificate and key do not go together or cannot be read: {e.Message}");
        }
        catch (ArgumentException e)
        {
            return Unusable(reference, $"certificate and key do not go together or cannot be read: {e.Message}");
        }

        return pair.Chain.TrimEnd() + "\n" + pair.PrivateKey.TrimEnd() + "\n";
    }

    private string? Unusable(CertificateReference reference, string reason)
    {
        LogUnusable(reference, reason);
        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Secret {Secret} is not pushed: {Reason}")]
    private partial void LogUnusable(CertificateReference secret, string reason);
}
