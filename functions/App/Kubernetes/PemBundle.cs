using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Cluster;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// A certificate chain with its private key in the one form that is pushed: leaf first, then its issuers in order, then the key as PKCS #8
/// (RFC 7468), made anew from what was read. Nothing of the Secret's own bytes travels. What OpenSSL refuses at its security level 2 is
/// refused here, in plain words.
/// </summary>
public static class PemBundle
{
    /// <summary>Certificates in a chain at most.</summary>
    public const int MostCertificates = 10;

    /// <summary>Characters of a bundle at most.</summary>
    public const int MostCharacters = 64 * 1024;

    /// <summary>Bits of an RSA key: OpenSSL's security level 2 takes no fewer, and a handshake with more costs too much.</summary>
    private const int FewestRsaBits = 2048;

    private const int MostRsaBits = 4096;

    private const string Begin = "-----BEGIN ";

    private const string Ed25519 = "1.3.101.112";

    /// <summary>Signatures by MD2, MD4, MD5 and SHA-1 (RFC 3279, RFC 5758): too weak for OpenSSL's level 1.</summary>
    private static readonly HashSet<string> WeakSignatures = new(StringComparer.Ordinal)
    {
        "1.2.840.113549.1.1.2", "1.2.840.113549.1.1.3", "1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5",
        "1.2.840.10040.4.3", "1.2.840.10045.4.1",
    };

    /// <summary>Makes a bundle; false with the reason, as the end of a sentence, when none can be made of that pair now.</summary>
    /// <param name="chain">The text of <c>tls.crt</c>.</param>
    /// <param name="key">The text of <c>tls.key</c>.</param>
    /// <param name="now">Tells what has expired and what is not valid yet.</param>
    /// <param name="pem">The bundle.</param>
    /// <param name="refusal">What is wrong, and what to do.</param>
    public static bool TryMake(
        string chain,
        string key,
        DateTimeOffset now,
        [NotNullWhen(true)] out string? pem,
        [NotNullWhen(false)] out string? refusal)
    {
        (pem, refusal) = (null, null);
        var certificates = new List<X509Certificate2>();
        try
        {
            using var pair = ReadKey(key);
            ReadChain(chain, certificates);
            var ordered = InOrder(certificates, pair);
            foreach (var (certificate, i) in ordered.Select((one, i) => (one, i)))
                Judge(certificate, isLeaf: i == 0);
            if (ordered[0].NotAfter.ToUniversalTime() < now)
                throw Wrong($"the certificate expired on {Day(ordered[0].NotAfter)}; renew it");
            if (ordered[0].NotBefore.ToUniversalTime() > now)
            {
                throw Wrong(
                    $"the certificate is not valid before {Day(ordered[0].NotBefore)}; it is pushed with the first resync after that");
            }

            var made = string.Concat(ordered.Select(one => one.ExportCertificatePem() + "\n")) + pair.ExportPkcs8PrivateKeyPem() + "\n";
            if (made.Length > MostCharacters)
            {
                throw Wrong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"chain and key have {made.Length} characters, and {MostCharacters} are the most; leave out what clients do not need"));
            }

            pem = made;
        }
        catch (UnusablePairException e)
        {
            refusal = e.Message;
        }
        finally
        {
            foreach (var one in certificates)
                one.Dispose();
        }

        return pem is not null;
    }

    /// <summary>The certificates of a text. Whatever else stands between them, a key of another pair for instance, is left out.</summary>
    private static void ReadChain(string text, List<X509Certificate2> certificates)
    {
        foreach (var (label, der, number) in Blocks(text, "tls.crt"))
        {
            if (label != "CERTIFICATE")
                continue;
            if (certificates.Count == MostCertificates)
            {
                throw Wrong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"tls.crt has more than {MostCertificates} certificates; leave out those that no client needs"));
            }

            try
            {
                certificates.Add(X509CertificateLoader.LoadCertificate(der));
            }
            catch (CryptographicException e)
            {
                throw Wrong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"block {number} of tls.crt is no X.509 certificate ({e.Message}); write the chain anew, leaf first"));
            }
        }

        if (certificates.Count == 0)
            throw Wrong("tls.crt has no certificate in PEM (-----BEGIN CERTIFICATE-----)");
    }

    private static AsymmetricAlgorithm ReadKey(string text)
    {
        var keys = Blocks(text, "tls.key").Where(block => block.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)).ToArray();
        if (keys.Length != 1)
        {
            throw Wrong(keys.Length == 0
                ? "tls.key has no private key in PEM (-----BEGIN PRIVATE KEY-----)"
                : "tls.key has more than one private key; leave the one that belongs to the certificate");
        }

        var (label, der, _) = keys[0];
        if (label == "ENCRYPTED PRIVATE KEY")
            throw Wrong("tls.key is encrypted; store it without a passphrase");
        var rsa = RSA.Create();
        var ecdsa = ECDsa.Create();
        foreach (var (algorithm, import) in new (AsymmetricAlgorithm, Action)[]
        {
            (rsa, () => Import(label == "RSA PRIVATE KEY", rsa.ImportRSAPrivateKey, rsa.ImportPkcs8PrivateKey)),
            (ecdsa, () => Import(label == "EC PRIVATE KEY", ecdsa.ImportECPrivateKey, ecdsa.ImportPkcs8PrivateKey)),
        })
        {
            try
            {
                import();
                (algorithm == rsa ? (AsymmetricAlgorithm)ecdsa : rsa).Dispose();
                return algorithm;
            }
            catch (CryptographicException)
            {
                // Of the other kind then, or of none.
            }
        }

        rsa.Dispose();
        ecdsa.Dispose();
        throw Wrong(
            "tls.key is no key that can be checked before it is pushed; use RSA of 2048 to 4096 bits, or ECDSA on P-256, P-384 or P-521 "
            + "(Ed25519 is not served: few clients take it)");

        void Import(bool own, KeyImport inOwnForm, KeyImport asPkcs8) => (own ? inOwnForm : asPkcs8)(der, out _);
    }

    private delegate void KeyImport(ReadOnlySpan<byte> der, out int read);

    /// <summary>The certificate of the key first, then the issuer of each, then the rest as it stands.</summary>
    private static List<X509Certificate2> InOrder(List<X509Certificate2> certificates, AsymmetricAlgorithm key)
    {
        var leaf = certificates.Find(one => IsOf(one, key)) ?? throw Wrong(certificates[0].PublicKey.Oid.Value == Ed25519
            ? "the certificate's key is Ed25519, which is not served: few clients take it; use ECDSA on P-256 or RSA of 2048 bits"
            : "tls.key is not the key of any certificate in tls.crt; store the two that belong together");
        var rest = certificates.Where(one => one != leaf).ToList();
        var ordered = new List<X509Certificate2> { leaf };
        while (rest.Find(one => one.SubjectName.RawData.AsSpan().SequenceEqual(ordered[^1].IssuerName.RawData)) is { } issuer)
        {
            rest.Remove(issuer);
            ordered.Add(issuer);
        }

        return [.. ordered, .. rest];
    }

    private static bool IsOf(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        try
        {
            using var rsa = certificate.GetRSAPublicKey();
            using var ecdsa = certificate.GetECDsaPublicKey();
            return key switch
            {
                RSA own when rsa is not null =>
                    rsa.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own.ExportSubjectPublicKeyInfo()),
                ECDsa own when ecdsa is not null =>
                    ecdsa.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own.ExportSubjectPublicKeyInfo()),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static void Judge(X509Certificate2 certificate, bool isLeaf)
    {
        var name = isLeaf ? "the certificate" : $"the chain's certificate {KubernetesName.Show(certificate.Subject)}";
        try
        {
            using var rsa = certificate.GetRSAPublicKey();
            using var ecdsa = certificate.GetECDsaPublicKey();
            if (rsa is { KeySize: < FewestRsaBits })
            {
                throw Wrong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} has an RSA key of {rsa.KeySize} bits, and {FewestRsaBits} are the fewest that are safe; issue it anew"));
            }

            if (isLeaf && rsa is { KeySize: > MostRsaBits })
            {
                throw Wrong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} has an RSA key of {rsa.KeySize} bits, and {MostRsaBits} are the most: every handshake would cost too much; "
                    + $"use ECDSA or RSA of 2048 to 4096 bits"));
            }

            if (isLeaf && ecdsa is not null && ecdsa.KeySize is not (256 or 384 or 521))
            {
                throw Wrong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} has an ECDSA key on a curve of {ecdsa.KeySize} bits; use P-256, P-384 or P-521"));
            }
        }
        catch (CryptographicException e)
        {
            throw Wrong($"{name} has a key that cannot be read ({e.Message}); issue it anew with ECDSA on P-256 or RSA of 2048 bits");
        }

        var signsItself = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        if (!signsItself && WeakSignatures.Contains(certificate.SignatureAlgorithm.Value ?? ""))
        {
            throw Wrong(
                $"{name} is signed by {certificate.SignatureAlgorithm.FriendlyName}, which clients refuse; issue it anew with SHA-256");
        }
    }

    /// <summary>Every PEM block of a text (RFC 7468), with its number from 1.</summary>
    private static IEnumerable<(string Label, byte[] Der, int Number)> Blocks(string text, string field)
    {
        var (at, number) = (0, 0);
        while (text.IndexOf(Begin, at, StringComparison.Ordinal) is >= 0 and var begin)
        {
            number++;
            var next = text.IndexOf(Begin, begin + Begin.Length, StringComparison.Ordinal);
            var block = text[begin..(next < 0 ? text.Length : next)];
            if (!PemEncoding.TryFind(block, out var found) || found.Location.Start.Value != 0)
            {
                throw Wrong(block.Contains("ENCRYPTED", StringComparison.Ordinal)
                    ? $"{field} is encrypted; store it without a passphrase"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"block {number} of {field} is broken or does not end (-----END …-----); write it anew"));
            }

            yield return (block[found.Label], Convert.FromBase64String(block[found.Base64Data]), number);
            at = begin + found.Location.End.Value;
        }
    }

    private static string Day(DateTime at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static UnusablePairException Wrong(string reason) => new(reason);

    /// <summary>Ends the making of a bundle.</summary>
    private sealed class UnusablePairException(string message) : Exception(message);
}
