using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IngressReconciler.Local;

/// <summary>
/// The authority of admin ports, whose key is thrown away: it lives only in memory, and what it signs is all there will ever be. Elliptic curve
/// P-256 (FIPS 186-5) throughout, X.509 v3 (RFC 5280).
/// </summary>
public sealed class ThrowAwayPki : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 authority;

    /// <summary>A new authority, valid from yesterday on for ten years.</summary>
    /// <param name="clock">Tells the day.</param>
    public ThrowAwayPki(TimeProvider clock)
    {
        using var key = NewKey();
        var request = new CertificateRequest("CN=ingress-reconciler admin CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = clock.GetUtcNow();
        authority = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
    }

    /// <summary>The authority's certificate, PEM.</summary>
    public string Authority => authority.ExportCertificatePem() + "\n";

    /// <summary>When what is signed from now on ends; null for when the authority does.</summary>
    public DateTimeOffset? End { get; set; }

    /// <summary>A new private key.</summary>
    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A server's certificate with its key, PEM, for DNS names and the loopback addresses.</summary>
    /// <param name="names">DNS names; the first is the subject's common name too.</param>
    public (string Certificate, string Key) IssueServer(params ReadOnlySpan<string> names)
    {
        var alternative = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            alternative.AddDnsName(name);
        alternative.AddIpAddress(IPAddress.Loopback);
        alternative.AddIpAddress(IPAddress.IPv6Loopback);
        using var key = NewKey();
        return (Sign(names[0], key, ServerAuthentication, alternative), Pem(key));
    }

    /// <summary>A client's certificate with its key, PEM.</summary>
    /// <param name="commonName">What it is let in by.</param>
    public (string Certificate, string Key) IssueClient(string commonName)
    {
        using var key = NewKey();
        return (SignClient(commonName, key), Pem(key));
    }

    /// <summary>A client's certificate, PEM, for a key of one's own.</summary>
    /// <param name="commonName">What it is let in by.</param>
    /// <param name="key">An RSA or elliptic-curve key.</param>
    public string SignClient(string commonName, AsymmetricAlgorithm key)
    {
        var alternative = new SubjectAlternativeNameBuilder();
        alternative.AddDnsName(commonName);
        return Sign(commonName, key, ClientAuthentication, alternative);
    }

    /// <summary>
    /// Writes all that proxies and their control plane need, each folder with the keys of a <c>kubernetes.io/tls</c> Secret
    /// (<c>tls.crt</c>, <c>tls.key</c>, <c>ca.crt</c>), readable only by the user: <c>admin/</c> and <c>traffic/</c> are an ingress
    /// proxy's (its own certificate and the authority its client must come from; the certificate for clients that ask for no known name), <c>edge/admin/</c> is an edge
    /// proxy's, <c>client/</c> is the control plane's.
    /// </summary>
    /// <param name="folder">Is made when missing; what is there is replaced.</param>
    /// <param name="serverName">The name that the control plane expects in an ingress proxy's certificate.</param>
    /// <param name="edgeName">The name that it expects in an edge proxy's.</param>
    /// <param name="client">The common name that proxies let in.</param>
    public void Write(string folder, string serverName, string edgeName, string client)
    {
        WritePair(folder, "admin", IssueServer(serverName, "localhost"));
        WritePair(folder, "edge/admin", IssueServer(edgeName, "localhost"));
        WritePair(folder, "traffic", IssueServer("localhost"));
        WritePair(folder, "client", IssueClient(client));
    }

    /// <inheritdoc/>
    public void Dispose() => authority.Dispose();

    private void WritePair(string folder, string name, (string Certificate, string Key) pair)
    {
        var place = Path.Combine(folder, name);
        Directory.CreateDirectory(place);
        foreach (var (file, text) in new[] { ("tls.crt", pair.Certificate), ("tls.key", pair.Key), ("ca.crt", Authority) })
        {
            var path = Path.Combine(place, file);
            File.Delete(path);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var writer = new StreamWriter(path, options);
            writer.Write(text);
        }
    }

    private string Sign(string commonName, AsymmetricAlgorithm key, string usage, SubjectAlternativeNameBuilder names)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        var request = key switch
        {
            ECDsa curve => new CertificateRequest(subject.Build(), curve, HashAlgorithmName.SHA256),
            RSA rsa => new CertificateRequest(subject.Build(), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => throw new ArgumentException("expected an RSA or an elliptic-curve key", nameof(key)),
        };
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        using var signer = authority.GetECDsaPrivateKey()!;
        using var certificate = request.Create(
            authority.SubjectName, X509SignatureGenerator.CreateForECDsa(signer), authority.NotBefore, End ?? authority.NotAfter, RandomNumberGenerator.GetBytes(12));
        return certificate.ExportCertificatePem() + "\n";
    }

    private static string Pem(AsymmetricAlgorithm key) => key.ExportPkcs8PrivateKeyPem() + "\n";
}
