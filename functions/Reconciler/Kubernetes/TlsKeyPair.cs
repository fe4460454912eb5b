namespace IngressReconciler.Kubernetes;

/// <summary>A certificate chain with its private key, as PEM texts, on its way from the cluster to a proxy. Never stored, logged or sent elsewhere.</summary>
/// <param name="Chain">The PEM text of <c>tls.crt</c>.</param>
/// <param name="PrivateKey">The PEM text of <c>tls.key</c>.</param>
/// <param name="Fingerprint">SHA-256 in lower-case hexadecimal of the bytes of <c>tls.crt</c> followed by those of <c>tls.key</c>.</param>
public sealed record TlsKeyPair(string Chain, string PrivateKey, string Fingerprint)
{
    /// <summary>The fingerprint only.</summary>
    public override string ToString() => $"TlsKeyPair {{ Fingerprint = {Fingerprint} }}";
}
