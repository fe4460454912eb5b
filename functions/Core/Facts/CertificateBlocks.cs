using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IngressReconciler.Facts;

/// <summary>Reads what a <c>kubernetes.io/tls</c> Secret holds: PEM blocks (RFC 7468), whatever stands between them.</summary>
internal static class CertificateBlocks
{
    private const string Begin = "-----BEGIN ";

    private delegate void KeyImport(ReadOnlySpan<byte> der, out int read);

    /// <summary>The certificates of a text. Whatever else stands between them, a key of another pair for instance, is left out.</summary>
    /// <exception cref="UnusablePairException">There is none, there are too many, or one cannot be read.</exception>
    public static void ReadChain(string text, List<X509Certificate2> certificates)
    {
        foreach (var (label, der, number) in Blocks(text, "tls.crt"))
        {
            if (label != "CERTIFICATE")
            {
                CryptographicOperations.ZeroMemory(der);
                continue;
            }

            if (certificates.Count == PemBundle.MostCertificates)
            {
                throw new UnusablePairException(
                    $"tls.crt has more than {PemBundle.MostCertificates} certificates; leave out those that no client needs");
            }

            try
            {
                certificates.Add(X509CertificateLoader.LoadCertificate(der));
            }
            catch (Exception e) when (UnusablePairException.IsOfReading(e))
            {
                throw new UnusablePairException(
                    $"block {number} of tls.crt is no X.509 certificate ({e.Message}); write the chain anew, leaf first");
            }
        }

        if (certificates.Count == 0)
            throw new UnusablePairException($"tls.crt has no certificate in PEM (-----BEGIN CERTIFICATE-----)");
    }

    /// <summary>The one private key of a text. Curve parameters and whatever else stands beside it are left out.</summary>
    /// <exception cref="UnusablePairException">There is none, there are several, or it is of no kind that is served.</exception>
    public static AsymmetricAlgorithm ReadKey(string text)
    {
        var keys = Blocks(text, "tls.key").Where(block => block.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)).ToArray();
        try
        {
            if (keys.Length == 0)
                throw new UnusablePairException($"tls.key has no private key in PEM (-----BEGIN PRIVATE KEY-----)");
            if (keys.Length > 1)
                throw new UnusablePairException($"tls.key has more than one private key; leave the one that belongs to the certificate");
            if (keys[0].Label == "ENCRYPTED PRIVATE KEY")
                throw new UnusablePairException($"tls.key is encrypted; store it without a passphrase");
            return ReadKey(keys[0].Label, keys[0].Der);
        }
        finally
        {
            foreach (var (_, der, _) in keys)
                CryptographicOperations.ZeroMemory(der);
        }
    }

    private static AsymmetricAlgorithm ReadKey(string label, byte[] der)
    {
        var rsa = RSA.Create();
        if (Takes(rsa, label == "RSA PRIVATE KEY" ? rsa.ImportRSAPrivateKey : rsa.ImportPkcs8PrivateKey, der))
            return rsa;
        var ecdsa = ECDsa.Create();
        if (Takes(ecdsa, label == "EC PRIVATE KEY" ? ecdsa.ImportECPrivateKey : ecdsa.ImportPkcs8PrivateKey, der))
            return ecdsa;
        throw new UnusablePairException(
            $"tls.key is no key that can be checked before it is pushed; use RSA of 2048 to 4096 bits, or ECDSA on P-256, P-384 or P-521 "
            + $"(Ed25519 is not served: few clients take it)");
    }

    private static bool Takes(AsymmetricAlgorithm algorithm, KeyImport import, byte[] der)
    {
        try
        {
            import(der, out _);
            return true;
        }
        catch (Exception e) when (UnusablePairException.IsOfReading(e))
        {
            algorithm.Dispose(); // it is of the other kind then, or of none
            return false;
        }
    }

    /// <summary>Every PEM block of a text, with its number from 1.</summary>
    private static IEnumerable<(string Label, byte[] Der, int Number)> Blocks(string text, string field)
    {
        var (at, number) = (0, 0);
        while (text.IndexOf(Begin, at, StringComparison.Ordinal) is >= 0 and var begin)
        {
            number++;
            var next = text.IndexOf(Begin, begin + Begin.Length, StringComparison.Ordinal);
            var end = next < 0 ? text.Length : next;
            var block = text.AsSpan(begin, end - begin);
            if (!PemEncoding.TryFind(block, out var found) || found.Location.Start.Value != 0)
            {
                throw block.Contains("ENCRYPTED", StringComparison.Ordinal)
                    ? new UnusablePairException($"{field} is encrypted; store it without a passphrase")
                    : new UnusablePairException(
                        $"block {number} of {field} is broken or does not end (-----END …-----); write it anew");
            }

            var der = new byte[found.DecodedDataLength];
            Convert.TryFromBase64Chars(block[found.Base64Data], der, out _);
            yield return (block[found.Label].ToString(), der, number);
            at = begin + found.Location.End.Value;
        }
    }
}
