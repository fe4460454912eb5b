using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IngressReconciler.Facts;

/// <summary>
/// Which certificates and keys are served: RSA of 2048 to 4096 bits, ECDSA on P-256, P-384 and P-521, all of the chain signed by SHA-2.
/// What OpenSSL refuses at its security level 2 is refused here, in plain words; so is what would make every handshake dear.
/// </summary>
internal static class CertificatePolicy
{
    private const int FewestRsaBits = 2048;
    private const int MostRsaBits = 4096;
    private const int Ed25519Bytes = 32;
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string Ec = "1.2.840.10045.2.1";
    private const string Ed25519 = "1.3.101.112";

    /// <summary>Named curves only (RFC 5480 section 2.1.1): one that is written out may be any, with a key that anybody can work
    /// out.</summary>
    private static readonly byte[][] Curves =
    [
        [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], // P-256
        [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22], // P-384
        [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23], // P-521
    ];

    /// <summary>Signatures by SHA-2 over RSA and ECDSA (RFC 8017, RFC 5758), and Ed25519 (RFC 8410).</summary>
    private static readonly HashSet<string> Signatures = new(StringComparer.Ordinal)
    {
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
        "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", Ed25519,
    };

    /// <summary>Whether a certificate has the public half of a key.</summary>
    public static bool IsOf(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        try
        {
            using AsymmetricAlgorithm? own = key is RSA ? certificate.GetRSAPublicKey() : certificate.GetECDsaPublicKey();
            return own is not null && own.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());
        }
        catch (Exception e) when (UnusablePairException.IsOfReading(e))
        {
            return false;
        }
    }

    /// <summary>Why there is no certificate of the key: what the first one is, or that it is another's.</summary>
    public static UnusablePairException NoLeaf(X509Certificate2 first)
    {
        Judge(first, isLeaf: true);
        return new($"tls.key is not the key of any certificate in tls.crt; store the two that belong together");
    }

    /// <summary>
    /// Whether a certificate is signed by its own key, as OpenSSL tells it: the issuer's name is its own, and so is the issuer's key
    /// identifier where there is one.
    /// </summary>
    public static bool IsRoot(X509Certificate2 certificate)
    {
        if (!certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData))
            return false;
        var issuer = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var own = certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        return issuer is null || own is null || issuer.Value.Span.SequenceEqual(own.Value.Span);
    }

    /// <summary>Judges one certificate of a chain.</summary>
    /// <exception cref="UnusablePairException">It is not served.</exception>
    public static void Judge(X509Certificate2 certificate, bool isLeaf)
    {
        var name = isLeaf ? "the certificate" : $"the chain's certificate '{certificate.Subject}'";
        try
        {
            JudgePublicKey(name, certificate, isLeaf);
        }
        catch (Exception e) when (UnusablePairException.IsOfReading(e))
        {
            throw new UnusablePairException($"{name} has a key that cannot be read ({e.Message}); issue it anew");
        }

        if (!Signatures.Contains(certificate.SignatureAlgorithm.Value ?? ""))
        {
            var algorithm = certificate.SignatureAlgorithm.FriendlyName ?? certificate.SignatureAlgorithm.Value;
            throw new UnusablePairException(
                $"{name} is signed by {algorithm}, which clients refuse or do not know; issue it anew with SHA-256");
        }
    }

    /// <summary>Judges when a certificate is valid, and that its names can be read.</summary>
    /// <exception cref="UnusablePairException">It is not valid now.</exception>
    /// <exception cref="CryptographicException">Dates or names are none.</exception>
    public static void JudgeLeaf(X509Certificate2 leaf, DateTimeOffset now)
    {
        leaf.MatchesHostname("example", allowCommonName: false);
        if (leaf.NotAfter.ToUniversalTime() < now)
            throw new UnusablePairException($"the certificate expired on {Day(leaf.NotAfter)}; renew it");
        if (leaf.NotBefore.ToUniversalTime() > now)
        {
            throw new UnusablePairException(
                $"the certificate is not valid before {Day(leaf.NotBefore)}; it is pushed with the first resync after that");
        }
    }

    /// <summary>
    /// Proves that a private key works: what it signs verifies with the certificate. One that does not fails in the middle of handshakes,
    /// and an error that is left behind there breaks other connections.
    /// </summary>
    /// <exception cref="UnusablePairException">It does not.</exception>
    public static void JudgeKey(X509Certificate2 leaf, AsymmetricAlgorithm key)
    {
        var hash = SHA256.HashData("ingress-reconciler"u8);
        using var rsa = leaf.GetRSAPublicKey();
        using var ecdsa = leaf.GetECDsaPublicKey();
        var (sha256, pss) = (HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        var works = key switch
        {
            RSA own => rsa!.VerifyHash(hash, own.SignHash(hash, sha256, pss), sha256, pss),
            ECDsa own => ecdsa!.VerifyHash(hash, own.SignHash(hash)),
            _ => false,
        };
        if (!works)
            throw new UnusablePairException($"tls.key is broken: what it signs does not verify with the certificate; issue both anew");
    }

    private static void JudgePublicKey(string name, X509Certificate2 certificate, bool isLeaf)
    {
        var key = certificate.PublicKey;
        switch (key.Oid.Value)
        {
            case Rsa:
                JudgeRsa(name, certificate);
                return;
            case Ec when IsOnServedCurve(key):
                certificate.GetECDsaPublicKey()!.Dispose(); // throws where the point is not on the curve
                return;
            case Ed25519 when !isLeaf && key.EncodedKeyValue.RawData.Length == Ed25519Bytes:
                return;
            default:
                throw new UnusablePairException(
                    $"{name} has a key of a kind or on a curve that clients do not take; use P-256, P-384 or P-521, or RSA of 2048 bits");
        }
    }

    private static void JudgeRsa(string name, X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey()!;
        if (rsa.KeySize < FewestRsaBits)
        {
            throw new UnusablePairException(
                $"{name} has an RSA key of {rsa.KeySize} bits, and {FewestRsaBits} are the fewest that are safe; issue it anew");
        }

        if (rsa.KeySize > MostRsaBits)
        {
            throw new UnusablePairException(
                $"{name} has an RSA key of {rsa.KeySize} bits, and {MostRsaBits} are the most: every handshake would cost too much; "
                + $"use ECDSA or RSA of 2048 to 4096 bits");
        }

        // With a large one what is public costs as much as what is private.
        var exponent = rsa.ExportParameters(false).Exponent!;
        if (exponent.Length > 4 || exponent is [1] || (exponent[^1] & 1) == 0)
            throw new UnusablePairException($"{name} has an RSA key with an unusual public exponent; issue it anew with 65537");
    }

    /// <summary>A named curve, and a point that is written out (RFC 5480 section 2.2): TLS takes no compressed ones.</summary>
    private static bool IsOnServedCurve(PublicKey key) =>
        key.EncodedKeyValue.RawData is [4, ..] && Curves.Any(curve => curve.AsSpan().SequenceEqual(key.EncodedParameters?.RawData));

    private static string Day(DateTime at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
