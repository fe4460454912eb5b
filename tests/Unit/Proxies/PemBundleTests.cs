using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Facts;
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

        Assert.Equal(["CN=shop.example", "CN=issuer"], Subjects(bundle));
        Assert.EndsWith(key.ExportPkcs8PrivateKeyPem() + "\n", bundle, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_that_is_stored_the_wrong_way_round_is_put_right() =>
        Assert.Equal(["CN=shop.example", "CN=issuer"], Subjects(Made(Pem(root, issuer, leaf), key.ExportPkcs8PrivateKeyPem())));

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
        using var authority = request.Create(
            root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), Now.AddDays(-1), Now.AddDays(90), [9]);
        Assert.Contains(
            "the chain's certificate 'CN=weak issuer' has an RSA key of 1024 bits",
            Refused(Pem(leaf, authority), key.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_does_not_travel_so_that_a_weak_one_costs_nothing()
    {
        using var weak = RSA.Create(1024);
        var request = new CertificateRequest("CN=old root", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(90));
        Assert.Equal(
            ["CN=shop.example", "CN=issuer"], Subjects(Made(Pem(leaf, issuer, authority), key.ExportPkcs8PrivateKeyPem())));
    }

    [Fact]
    public void A_signature_by_SHA1_is_refused()
    {
        using var signed = new CertificateRequest("CN=sha1", key, HashAlgorithmName.SHA256).Create(
            root.SubjectName, new Sha1Signature(), Now.AddDays(-1), Now.AddDays(10), [1, 2, 3]);
        Assert.Contains(
            "which clients refuse or do not know; issue it anew with SHA-256",
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

    [Theory]
    [InlineData("brainpoolP256r1")]
    [InlineData("brainpoolP384r1")]
    [InlineData("secp256k1")]
    public void A_curve_that_clients_do_not_speak_is_refused(string curve)
    {
        using var odd = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        using var certificate = Leaf(new CertificateRequest("CN=odd", odd, HashAlgorithmName.SHA256));
        Assert.Contains("use P-256, P-384 or P-521", Refused(Pem(certificate), odd.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
        using var authority = Authority("CN=odd issuer", odd, root, rootKey);
        Assert.Contains(
            "the chain's certificate 'CN=odd issuer' has a key",
            Refused(Pem(leaf, authority), key.ExportPkcs8PrivateKeyPem()),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_curve_that_is_written_out_is_refused()
    {
        using var written = ECDsa.Create(key.ExportExplicitParameters(true));
        var spki = PublicKey.CreateFromSubjectPublicKeyInfo(written.ExportSubjectPublicKeyInfo(), out _);
        using var certificate = Leaf(new CertificateRequest(new("CN=written"), spki, HashAlgorithmName.SHA256));
        var said = Refused(Pem(certificate), written.ExportPkcs8PrivateKeyPem());
        Assert.Contains("use P-256, P-384 or P-521", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_private_key_whose_public_half_alone_fits_is_refused()
    {
        using var own = RSA.Create(2048);
        using var other = RSA.Create(2048);
        using var certificate = Leaf(new CertificateRequest("CN=rsa", own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var mixed = other.ExportParameters(true) with { Modulus = own.ExportParameters(false).Modulus };
        var pem = PemEncoding.WriteString("RSA PRIVATE KEY", Der(mixed));
        Assert.Contains("tls.key", Refused(Pem(certificate), pem), StringComparison.Ordinal);

        using var otherEc = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(false).Q;
        var ec = new AsnWriter(AsnEncodingRules.DER);
        using (ec.PushSequence())
        {
            ec.WriteInteger(1);
            ec.WriteOctetString(otherEc.ExportParameters(true).D);
            using (ec.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                ec.WriteObjectIdentifier("1.2.840.10045.3.1.7");
            using (ec.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                ec.WriteBitString([4, .. point.X!, .. point.Y!]);
        }

        Assert.Contains("tls.key", Refused(Pem(leaf), PemEncoding.WriteString("EC PRIVATE KEY", ec.Encode())), StringComparison.Ordinal);
    }

    [Fact]
    public void An_RSA_key_whose_public_exponent_makes_every_handshake_dear_is_refused()
    {
        using var usual = RSA.Create(2048);
        var parameters = usual.ExportParameters(true);
        var (p, q) = (Number(parameters.P!), Number(parameters.Q!));
        var phi = (p - 1) * (q - 1);
        var e = Number([0x40, .. parameters.Modulus![1..^1], 1]);
        while (BigInteger.GreatestCommonDivisor(e, phi) != 1)
            e += 2;
        var d = Inverse(e, phi);
        var dear = parameters with
        {
            Exponent = Bytes(e, 256),
            D = Bytes(d, 256),
            DP = Bytes(d % (p - 1), 128),
            DQ = Bytes(d % (q - 1), 128),
        };
        using var rsa = RSA.Create(dear);
        using var certificate = Leaf(new CertificateRequest("CN=dear", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Contains("public exponent", Refused(Pem(certificate), rsa.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_stands_twice_travels_once() =>
        Assert.Equal(["CN=shop.example", "CN=issuer"], Subjects(Made(Pem(leaf, leaf, issuer, issuer), key.ExportPkcs8PrivateKeyPem())));

    [Fact]
    public void A_bundle_that_is_larger_than_any_client_needs_is_refused()
    {
        var request = new CertificateRequest("CN=large", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("1.2.3.4", new byte[60_000], false));
        using var certificate = Leaf(request);
        Assert.Contains("65536 are the most", Refused(Pem(certificate), key.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_with_dates_that_are_none_is_refused_and_nothing_is_thrown()
    {
        var der = leaf.RawData;
        var date = der.AsSpan().IndexOf("2606"u8);
        der[date] = (byte)'x';
        var chain = PemEncoding.WriteString("CERTIFICATE", der);
        Assert.Contains("tls.crt", Refused(chain, key.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_is_said_without_what_a_terminal_would_act_on()
    {
        using var weak = RSA.Create(1024);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName("\u001b[31mred\r\nforged line\u202etxt" + new string('x', 5_000));
        var request = new CertificateRequest(name.Build(), weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var authority = request.Create(
            root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), Now.AddDays(-1), Now.AddDays(90), [9]);
        var said = Refused(Pem(leaf, authority), key.ExportPkcs8PrivateKeyPem());
        Assert.DoesNotContain(said, c => char.IsControl(c) || c == '\u202e');
        Assert.InRange(said.Length, 1, 500);
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int length)
    {
        var made = new byte[length];
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(made, length - bytes.Length);
        return made;
    }

    private static BigInteger Inverse(BigInteger a, BigInteger m)
    {
        var (r, next, x, y) = (m, a % m, BigInteger.Zero, BigInteger.One);
        while (next != 0)
        {
            var times = r / next;
            (r, next) = (next, r - (times * next));
            (x, y) = (y, x - (times * y));
        }

        return ((x % m) + m) % m;
    }

    private static byte[] Der(RSAParameters rsa)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            foreach (var part in new[] { rsa.Modulus, rsa.Exponent, rsa.D, rsa.P, rsa.Q, rsa.DP, rsa.DQ, rsa.InverseQ })
                writer.WriteInteger(Number(part!));
        }

        return writer.Encode();
    }

    private static string Made(string chain, string key) =>
        PemBundle.TryMake(chain, key, Now, out var bundle, out var refusal) ? bundle.Text : throw new InvalidOperationException(refusal);

    private static string Refused(string chain, string key, DateTimeOffset? now = null)
    {
        Assert.False(PemBundle.TryMake(chain, key, now ?? Now, out _, out var refusal), "a bundle was made");
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
