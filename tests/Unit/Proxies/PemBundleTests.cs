using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Kubernetes;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

/// <summary>What is pushed of a Secret's pair, and why a pair is not.</summary>
public sealed class PemBundleTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 root;
    private readonly X509Certificate2 issuer;
    private readonly X509Certificate2 leaf;

    public PemBundleTests()
    {
        root = Authority("CN=root", rootKey, null, null);
        issuer = Authority("CN=issuer", issuerKey, root, rootKey);
        leaf = Leaf(new CertificateRequest("CN=shop.example", key, HashAlgorithmName.SHA256));
    }

    public void Dispose()
    {
        foreach (var one in new IDisposable[] { root, issuer, leaf, key, issuerKey, rootKey })
            one.Dispose();
    }

    [Fact]
    public void A_chain_is_pushed_leaf_first_and_made_anew()
    {
        var bundle = Made(Pem(leaf, issuer, root), key.ExportECPrivateKeyPem());

        Assert.Equal(["CN=shop.example", "CN=issuer", "CN=root"], Subjects(bundle));
        Assert.EndsWith(key.ExportPkcs8PrivateKeyPem() + "\n", bundle, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_that_is_stored_the_wrong_way_round_is_put_right() =>
        Assert.Equal(["CN=shop.example", "CN=issuer", "CN=root"], Subjects(Made(Pem(root, issuer, leaf), key.ExportPkcs8PrivateKeyPem())));

    [Fact]
    public void Indents_words_between_blocks_and_another_pairs_key_do_not_travel()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var chain = $"subject=shop\r\n{Pem(leaf)}\n{other.ExportPkcs8PrivateKeyPem()}\nset ssl cert x <<\n%END%\n{Pem(issuer)}";
        var bundle = Made(chain.Replace("\n", "\n    ", StringComparison.Ordinal), $"key\n{key.ExportPkcs8PrivateKeyPem()}");

        Assert.Equal(["CN=shop.example", "CN=issuer"], Subjects(bundle));
        Assert.DoesNotContain("%END%", bundle, StringComparison.Ordinal);
        Assert.Equal(1, bundle.Split("PRIVATE KEY-----").Length / 2);
    }

    [Fact]
    public void An_RSA_key_in_its_old_form_is_taken()
    {
        using var rsa = RSA.Create(2048);
        using var certificate = Leaf(new CertificateRequest("CN=rsa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var bundle = Made(Pem(certificate), rsa.ExportRSAPrivateKeyPem());
        Assert.EndsWith(rsa.ExportPkcs8PrivateKeyPem() + "\n", bundle, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(512, "an RSA key of 512 bits, and 2048 are the fewest")]
    [InlineData(1024, "an RSA key of 1024 bits, and 2048 are the fewest")]
    [InlineData(8192, "an RSA key of 8192 bits, and 4096 are the most")]
    public void A_key_that_is_too_small_or_too_large_is_refused(int bits, string says)
    {
        using var rsa = RSA.Create(bits);
        using var certificate = Leaf(new CertificateRequest("CN=rsa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Contains(says, Refused(Pem(certificate), rsa.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_with_an_issuer_that_is_too_weak_is_refused()
    {
        using var weak = RSA.Create(1024);
        var request = new CertificateRequest("CN=weak issuer", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(90));
        Assert.Contains(
            "the chain's certificate 'CN=weak issuer' has an RSA key of 1024 bits",
            Refused(Pem(leaf, authority), key.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_by_SHA1_is_refused()
    {
        using var signed = new CertificateRequest("CN=sha1", key, HashAlgorithmName.SHA256).Create(
            root.SubjectName, new Sha1Signature(), Now.AddDays(-1), Now.AddDays(10), [1, 2, 3]);
        Assert.Contains(
            "which clients refuse; issue it anew with SHA-256",
            Refused(Pem(signed), key.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_Ed25519_certificate_is_refused_in_plain_words()
    {
        // Made by 'openssl req -x509 -newkey ed25519' for this test.
        const string Certificate = """
            -----BEGIN CERTIFICATE-----
            MIIBPDCB76ADAgECAhQg2HqaYk2P+kAIOIwZeXhRbc20IjAFBgMrZXAwFDESMBAG
            A1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyNzE5MDgzM1oXDTM2MTEyNDE5MDgzM1ow
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCowBQYDK2VwAyEAJS31lCfM49yttnKWTfEl
            p78u8V39l2Tnk/yFunYwkgWjUzBRMB0GA1UdDgQWBBT62gjFCaCjIgQB9Er2V6bS
            a2WCRDAfBgNVHSMEGDAWgBT62gjFCaCjIgQB9Er2V6bSa2WCRDAPBgNVHRMBAf8E
            BTADAQH/MAUGAytlcANBAOLmbaezGo0CJFlEzQKPHIGXTPr2m1D2k9SBL2sFzzR2
            lmdv6ZswSD6PicYnKLyAjalR381MHEQMa+okJq/PSwE=
            -----END CERTIFICATE-----
            """;
        const string Key = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEICf2qyrdnvXFjk7tyPdhwqujih3dbK0/GuDe+/2cq0O5
            -----END PRIVATE KEY-----
            """;
        Assert.Contains("Ed25519", Refused(Certificate, Key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_is_broken_or_does_not_end_is_named()
    {
        var good = Pem(leaf);
        var own = key.ExportPkcs8PrivateKeyPem();
        Assert.Contains("block 2 of tls.crt is broken or does not end", Refused(good + Pem(issuer)[..^40], own), StringComparison.Ordinal);
        Assert.Contains(
            "block 1 of tls.crt is broken or does not end",
            Refused(good[..^40] + "\n" + Pem(issuer), own),
            StringComparison.Ordinal);
        Assert.Contains(
            "block 2 of tls.crt is broken or does not end",
            Refused(good + Pem(issuer).Replace("MII", "M\0I", StringComparison.Ordinal), own),
            StringComparison.Ordinal);
        Assert.Contains(
            "block 2 of tls.crt is no X.509 certificate",
            Refused(good + PemEncoding.WriteString("CERTIFICATE", [1, 2, 3]) + "\n", own),
            StringComparison.Ordinal);
        Assert.Contains("block 1 of tls.key is broken or does not end", Refused(good, own[..^40]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_missing_encrypted_doubled_or_another_pairs_is_told()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = key.ExportPkcs8PrivateKeyPem();
        var encrypted = key.ExportEncryptedPkcs8PrivateKeyPem(
            "pass", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
        Assert.Contains("tls.key has no private key", Refused(Pem(leaf), "nothing"), StringComparison.Ordinal);
        Assert.Contains("tls.key is encrypted", Refused(Pem(leaf), encrypted), StringComparison.Ordinal);
        Assert.Contains(
            "more than one private key",
            Refused(Pem(leaf), own + "\n" + other.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);
        Assert.Contains(
            "tls.key is not the key of any certificate",
            Refused(Pem(leaf), other.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);
        Assert.Contains("tls.crt has no certificate", Refused(own, own), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_is_not_valid_yet_or_no_more_is_told_with_its_day()
    {
        var (chain, own) = (Pem(leaf), key.ExportPkcs8PrivateKeyPem());
        Assert.Contains("is not valid before 2026-05-31", Refused(chain, own, Now.AddDays(-30)), StringComparison.Ordinal);
        Assert.Contains("expired on 2026-06-11", Refused(chain, own, Now.AddDays(30)), StringComparison.Ordinal);
    }

    [Fact]
    public void More_certificates_than_any_client_needs_are_refused() =>
        Assert.Contains(
            "more than 10 certificates",
            Refused(Pem([leaf, .. Enumerable.Repeat(issuer, 10)]), key.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);

    private static string Made(string chain, string key) =>
        PemBundle.TryMake(chain, key, Now, out var pem, out var refusal) ? pem : throw new InvalidOperationException(refusal);

    private static string Refused(string chain, string key, DateTimeOffset? now = null)
    {
        Assert.False(PemBundle.TryMake(chain, key, now ?? Now, out var pem, out var refusal), pem);
        return refusal;
    }

    private static string[] Subjects(string bundle)
    {
        var read = new X509Certificate2Collection();
        read.ImportFromPem(bundle);
        return [.. read.Select(one => one.Subject)];
    }

    private static string Pem(params X509Certificate2[] certificates) =>
        string.Concat(certificates.Select(one => one.ExportCertificatePem() + "\n"));

    private static X509Certificate2 Authority(string subject, ECDsa own, X509Certificate2? by, ECDsa? byKey)
    {
        var request = new CertificateRequest(subject, own, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return by is null
            ? request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(99))
            : request.Create(by.SubjectName, X509SignatureGenerator.CreateForECDsa(byKey!), Now.AddDays(-2), Now.AddDays(98), [7]);
    }

    private X509Certificate2 Leaf(CertificateRequest request) =>
        request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), Now.AddDays(-1), Now.AddDays(10), [1, 2, 3]);

    /// <summary>Says that it signs by ecdsa-with-SHA1; what it signs nobody checks here.</summary>
    private sealed class Sha1Signature : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) =>
            Convert.FromHexString("300906072A8648CE3D0401");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => Convert.FromHexString("3006020101020101");

        protected override PublicKey BuildPublicKey() => throw new NotSupportedException();
    }
}
