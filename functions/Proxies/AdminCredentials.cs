using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IngressReconciler.Proxies;

/// <summary>
/// What we show a proxy's admin port, and what it must show us: a client certificate with its key, and the authority that proxies'
/// certificates come from. Holds a private key: no message and no <see cref="ToString"/> tells it.
/// </summary>
public sealed class AdminCredentials : IDisposable
{
    /// <summary>The name in ingress proxies' admin certificates where no setting has another.</summary>
    public const string IngressName = "ingress-proxy";

    /// <summary>The name in edge proxies' admin certificates where no setting has another.</summary>
    public const string EdgeName = "edge-proxy";

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _chain;
    private readonly X509Certificate2Collection _authorities;
    private readonly SslStreamCertificateContext _shown;

    private AdminCredentials(X509Certificate2 certificate, X509Certificate2Collection chain, X509Certificate2Collection authorities)
    {
        (_certificate, _chain, _authorities) = (certificate, chain, authorities);
        // Offline: what was given is what is shown; nothing is fetched to complete it.
        _shown = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        Subject = certificate.Subject;
        Expires = certificate.NotAfter.ToUniversalTime();
        AuthorityExpires = authorities.Max(authority => new DateTimeOffset(authority.NotAfter.ToUniversalTime()));
    }

    /// <summary>The client certificate's subject, such as <c>CN=ingress-reconciler</c>.</summary>
    public string Subject { get; }

    /// <summary>When the client certificate stops being valid.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>When the last of the authorities stops being valid.</summary>
    public DateTimeOffset AuthorityExpires { get; }

    /// <summary>Reads PEM files, laid out as a <c>kubernetes.io/tls</c> Secret: <c>tls.crt</c>, <c>tls.key</c>, <c>ca.crt</c>.</summary>
    /// <exception cref="ArgumentException">A file cannot be read or used; the message names it.</exception>
    public static AdminCredentials FromFiles(string certificateFile, string keyFile, string authorityFile) =>
        Load((certificateFile, Read(certificateFile)), (keyFile, Read(keyFile)), (authorityFile, Read(authorityFile)));

    /// <summary>Takes PEM texts.</summary>
    /// <param name="certificate">The client certificate, then any intermediate ones.</param>
    /// <param name="key">Its private key, unencrypted; RSA or ECDSA.</param>
    /// <param name="authority">One or more certificates; a proxy's certificate must lead to one of them.</param>
    /// <exception cref="ArgumentException">A text cannot be used; the message names the parameter.</exception>
    public static AdminCredentials FromPem(string certificate, string key, string authority) =>
        Load((nameof(certificate), certificate), (nameof(key), key), (nameof(authority), authority));

    /// <summary>Releases the certificates and the key.</summary>
    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var certificate in _chain.Concat(_authorities)) certificate.Dispose();
    }

    /// <summary>The subject only.</summary>
    public override string ToString() => $"AdminCredentials({Subject}, key redacted)";

    /// <summary>How to authenticate both ends of a session.</summary>
    public SslClientAuthenticationOptions Authentication(string serverName, RemoteCertificateValidationCallback verdict)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_authorities);
        return new SslClientAuthenticationOptions
        {
            TargetHost = serverName,
            ClientCertificateContext = _shown,
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = verdict,
            EnabledSslProtocols = SslProtocols.Tls13,
            // A resumed session would be let in on a certificate that was checked before.
            AllowTlsResume = false,
        };
    }

    private static AdminCredentials Load((string Name, string Pem) certificate, (string Name, string Pem) key, (string Name, string Pem) authority)
    {
        var chain = Certificates(certificate);
        var authorities = Certificates(authority);
        try
        {
            var own = X509Certificate2.CreateFromPem(certificate.Pem, key.Pem);
            chain[0].Dispose();
            chain.RemoveAt(0);
            return new AdminCredentials(own, chain, authorities);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new ArgumentException($"Admin credentials: {key.Name} is no unencrypted PEM key of the certificate in {certificate.Name}.", e);
        }
    }

    private static X509Certificate2Collection Certificates((string Name, string Pem) source)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(source.Pem);
        }
        catch (CryptographicException e)
        {
            throw new ArgumentException($"Admin credentials: {source.Name} holds a certificate that cannot be read.", e);
        }

        return certificates.Count > 0 ? certificates : throw new ArgumentException($"Admin credentials: {source.Name} holds no PEM certificate.");
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"Admin credentials: the file '{file}' cannot be read: {e.Message}", e);
        }
    }
}
