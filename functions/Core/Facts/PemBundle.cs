using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IngressReconciler.Cluster;

namespace IngressReconciler.Facts;

/// <summary>
/// A certificate chain with its private key, judged and made anew: the one form in which a pair is pushed. Leaf first, then its issuers in
/// order, then the key as PKCS #8 (RFC 7468). Nothing of the Secret's own bytes travels, and there is no other way to make one than
/// <see cref="TryMake"/>.
/// </summary>
public sealed class PemBundle
{
    /// <summary>Certificates in a chain at most.</summary>
    public const int MostCertificates = 10;

    /// <summary>Characters of a bundle at most.</summary>
    public const int MostCharacters = 64 * 1024;

    /// <summary>Characters of <c>tls.crt</c> and of <c>tls.key</c> that are looked at: an object of Kubernetes has no more.</summary>
    private const int MostRead = 2 * 1024 * 1024;

    private PemBundle(string text) => Text = text;

    /// <summary>Chain and key, PEM, each line ended by a line feed. Holds a private key: for a command's payload only.</summary>
    public string Text { get; }

    /// <summary>Makes a bundle; false with the reason, as the end of a sentence, when none can be made of that pair now.</summary>
    /// <param name="chain">The text of <c>tls.crt</c>.</param>
    /// <param name="key">The text of <c>tls.key</c>.</param>
    /// <param name="now">Tells what has expired and what is not valid yet.</param>
    /// <param name="bundle">The bundle.</param>
    /// <param name="refusal">What is wrong, and what to do.</param>
    public static bool TryMake(
        string chain,
        string key,
        DateTimeOffset now,
        [NotNullWhen(true)] out PemBundle? bundle,
        [NotNullWhen(false)] out ShownText? refusal)
    {
        (bundle, refusal) = (null, null);
        var certificates = new List<X509Certificate2>();
        try
        {
            if (Math.Max(chain.Length, key.Length) > MostRead)
                throw new UnusablePairException($"it is larger than any Secret can be");
            using var pair = CertificateBlocks.ReadKey(key);
            CertificateBlocks.ReadChain(chain, certificates);
            var ordered = InOrder(certificates, pair);
            for (var i = 0; i < ordered.Count; i++)
                CertificatePolicy.Judge(ordered[i], isLeaf: i == 0);
            CertificatePolicy.JudgeLeaf(ordered[0], now);
            CertificatePolicy.JudgeKey(ordered[0], pair);
            bundle = new(Export(ordered, pair));
        }
        catch (UnusablePairException e)
        {
            refusal = e.Reason;
        }
        catch (Exception e) when (UnusablePairException.IsOfReading(e))
        {
            refusal = ShownText.Of($"tls.crt or tls.key cannot be read ({e.Message}); issue the certificate anew");
        }
        finally
        {
            foreach (var one in certificates)
                one.Dispose();
        }

        return bundle is not null;
    }

    /// <summary>Without the key.</summary>
    public override string ToString() => "(a key pair)";

    /// <summary>
    /// The certificate of the key first, then the issuer of each, then the rest as it stands; each once, and no root: clients have those of
    /// their own.
    /// </summary>
    private static List<X509Certificate2> InOrder(List<X509Certificate2> certificates, AsymmetricAlgorithm key)
    {
        var leaf = certificates.Find(one => CertificatePolicy.IsOf(one, key)) ?? throw CertificatePolicy.NoLeaf(certificates[0]);
        var rest = certificates
            .DistinctBy(one => one.Thumbprint)
            .Where(one => one.Thumbprint != leaf.Thumbprint && !CertificatePolicy.IsRoot(one))
            .ToList();
        var ordered = new List<X509Certificate2> { leaf };
        while (rest.Find(one => one.SubjectName.RawData.AsSpan().SequenceEqual(ordered[^1].IssuerName.RawData)) is { } issuer)
        {
            rest.Remove(issuer);
            ordered.Add(issuer);
        }

        return [.. ordered, .. rest];
    }

    private static string Export(List<X509Certificate2> certificates, AsymmetricAlgorithm key)
    {
        var made = new StringBuilder();
        foreach (var one in certificates)
            made.Append(one.ExportCertificatePem()).Append('\n');
        var pkcs8 = key.ExportPkcs8PrivateKey();
        var length = made.Length + PemEncoding.GetEncodedSize("PRIVATE KEY".Length, pkcs8.Length) + 1;
        if (length > MostCharacters)
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            throw new UnusablePairException(
                $"chain and key have {length} characters, and {MostCharacters} are the most; leave out what clients do not need");
        }

        // The builder would keep copies of the key in its chunks, so that goes straight into the text.
        return string.Create(length, (Chain: made.ToString(), Pkcs8: pkcs8), static (text, parts) =>
        {
            parts.Chain.CopyTo(text);
            PemEncoding.TryWrite("PRIVATE KEY", parts.Pkcs8, text[parts.Chain.Length..], out _);
            CryptographicOperations.ZeroMemory(parts.Pkcs8);
            text[^1] = '\n';
        });
    }
}

/// <summary>Ends the making of a bundle.</summary>
/// <param name="reason">What is wrong and what to do, as the end of a sentence.</param>
internal sealed class UnusablePairException(ShownText reason) : Exception(reason)
{
    /// <summary>What is wrong and what to do.</summary>
    public ShownText Reason => reason;

    /// <summary>Whether .NET could not read what it was given: a curve that it does not know is no
    /// <see cref="CryptographicException"/>.</summary>
    public static bool IsOfReading(Exception e) => e is CryptographicException or NotSupportedException or ArgumentException;
}
