using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IngressReconciler.Tests.Harness.Fuzz;

/// <summary>
/// Inputs that are a certificate chain and a key: <c>tls.crt</c>, a byte 0, <c>tls.key</c>. Made from good pairs of each sort, and changed
/// as text or within the DER of a block.
/// </summary>
public static class Pairs
{
    /// <summary>A good pair of each sort that is met, all for one name.</summary>
    public static IEnumerable<byte[]> Good(string name)
    {
        using var root = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var curve in new[] { "nistP256", "nistP384", "nistP521", "secp256k1", "brainpoolP256r1" })
        {
            using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
            yield return Of(new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256), root, key.ExportECPrivateKeyPem(), name);
        }

        foreach (var bits in new[] { 1024, 2048, 3072 })
        {
            using var key = RSA.Create(bits);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1);
            yield return Of(request, root, key.ExportPkcs8PrivateKeyPem(), name);
        }
    }

    /// <summary>Chain and key of an input.</summary>
    public static (string Chain, string Key) Split(byte[] input)
    {
        var middle = Array.IndexOf(input, (byte)0);
        return middle < 0
            ? (Encoding.UTF8.GetString(input), "")
            : (Encoding.UTF8.GetString(input, 0, middle), Encoding.UTF8.GetString(input, middle + 1, input.Length - middle - 1));
    }

    /// <summary>Changes the text, or bytes of one block's DER.</summary>
    public static byte[] Mutate(byte[] input, Random random)
    {
        var text = Encoding.UTF8.GetString(input);
        var blocks = new List<(int From, int To, string Label, byte[] Der)>();
        for (var at = 0; PemEncoding.TryFind(text.AsSpan(at), out var found);)
        {
            var block = text.AsSpan(at);
            blocks.Add((
                at + found.Location.Start.Value,
                at + found.Location.End.Value,
                block[found.Label].ToString(),
                Convert.FromBase64String(block[found.Base64Data].ToString())));
            at += found.Location.End.Value;
        }

        if (blocks.Count == 0 || random.Next(4) == 0)
            return Mutation.Of(input, input, random);
        var (from, to, label, der) = blocks[random.Next(blocks.Count)];
        var changed = Mutation.Of(der, blocks[random.Next(blocks.Count)].Der, random);
        return Encoding.UTF8.GetBytes($"{text[..from]}{PemEncoding.WriteString(label, changed)}{text[to..]}");
    }

    private static byte[] Of(CertificateRequest request, ECDsa issuer, string key, string name)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        var authority = new CertificateRequest("CN=fuzz issuer", issuer, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var signer = authority.Create(
            new("CN=fuzz root"), X509SignatureGenerator.CreateForECDsa(issuer), now.AddDays(-2), now.AddYears(20), [1]);
        using var leaf = request.Create(
            signer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer), now.AddDays(-1), now.AddYears(10), [2]);
        return Encoding.ASCII.GetBytes($"{leaf.ExportCertificatePem()}\n{signer.ExportCertificatePem()}\n\0{key}\n");
    }
}
