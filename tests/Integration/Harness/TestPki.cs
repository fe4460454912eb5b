using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>
/// Throw-away certificates, in the layout that <c>infra/haproxy/haproxy.cfg</c> reads: <c>admin/</c>, <c>traffic/</c> and <c>client/</c>, each with
/// <c>tls.crt</c>, <c>tls.key</c>, <c>ca.crt</c>.
/// </summary>
internal sealed class TestPki : IDisposable
{
    private readonly X509Certificate2 _authority;

    public TestPki()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=throw-away CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Folder = Directory.CreateTempSubdirectory("ingress-reconciler-pki-").FullName;
        Write("admin", Issue("localhost", "1.3.6.1.5.5.7.3.1"));
        Write("traffic", Issue("localhost", "1.3.6.1.5.5.7.3.1"));
        Write("client", Issue("ingress-reconciler", "1.3.6.1.5.5.7.3.2"));
    }

    /// <summary>Holds all files.</summary>
    public string Folder { get; }

    /// <summary>The authority's certificate, PEM.</summary>
    public string Authority => _authority.ExportCertificatePem() + "\n";

    /// <summary>What the reconciler shows the proxies of this PKI.</summary>
    public AdminCredentials Credentials() => AdminCredentials.FromFiles(
        Path.Combine(Folder, "client/tls.crt"), Path.Combine(Folder, "client/tls.key"), Path.Combine(Folder, "client/ca.crt"));

    /// <summary>A client certificate of this authority for another subject, or of RSA.</summary>
    public AdminCredentials CredentialsFor(string commonName, bool rsa = false)
    {
        var (certificate, key) = Issue(commonName, "1.3.6.1.5.5.7.3.2", rsa);
        return AdminCredentials.FromPem(certificate, key, Authority);
    }

    /// <summary>A certificate with its key, PEM, for localhost and the loopback addresses, or for <paramref name="dnsNames"/>.</summary>
    public (string Certificate, string Key) Issue(string commonName, string usage, bool rsa = false, params string[] dnsNames)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA r
            ? new CertificateRequest($"CN={commonName}", r, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={commonName}", (ECDsa)key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames is [] ? [commonName] : dnsNames) names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        using var signer = _authority.GetECDsaPrivateKey()!;
        using var certificate = request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(signer),
            _authority.NotBefore, _authority.NotAfter, RandomNumberGenerator.GetBytes(12));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Write(string name, (string Certificate, string Key) pair)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "tls.crt"), pair.Certificate);
        File.WriteAllText(Path.Combine(folder, "tls.key"), pair.Key);
        File.WriteAllText(Path.Combine(folder, "ca.crt"), Authority);
    }
}
