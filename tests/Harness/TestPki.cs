using System.Security.Cryptography;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Local;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Harness;

/// <summary>A <see cref="ThrowAwayPki"/> in a folder that goes with it, and credentials that proxies take or refuse.</summary>
public sealed class TestPki : IDisposable
{
    private readonly ThrowAwayPki pki = new(TimeProvider.System);

    /// <summary>Makes it.</summary>
    public TestPki() => pki.Write(Folder, new ProxyOptions().ServerName, new ProxyOptions().EdgeServerName, "ingress-reconciler");

    /// <summary>Holds all files: <c>admin/</c>, <c>edge/admin/</c>, <c>traffic/</c> and <c>client/</c>, each with <c>tls.crt</c>, <c>tls.key</c>, <c>ca.crt</c>.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("ingress-reconciler-pki-").FullName;

    /// <summary>The authority's certificate, PEM.</summary>
    public string Authority => pki.Authority;

    /// <summary>What the reconciler shows the proxies of this PKI.</summary>
    public AdminCredentials Credentials() => AdminCredentials.FromFiles(
        Path.Combine(Folder, "client/tls.crt"), Path.Combine(Folder, "client/tls.key"), Path.Combine(Folder, "client/ca.crt"));

    /// <summary>A client certificate of this authority for another subject, or of RSA.</summary>
    public AdminCredentials CredentialsFor(string commonName, bool rsa = false)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ThrowAwayPki.NewKey();
        return AdminCredentials.FromPem(pki.SignClient(commonName, key), key.ExportPkcs8PrivateKeyPem(), Authority);
    }

    /// <summary>A server's certificate with its key, PEM, for DNS names and the loopback addresses.</summary>
    public (string Certificate, string Key) IssueServer(params ReadOnlySpan<string> names) => pki.IssueServer(names);

    /// <summary>A pair as it is pushed.</summary>
    public static PemBundle Bundle(string certificate, string key) =>
        PemBundle.TryMake(certificate, key, DateTimeOffset.UtcNow, out var bundle, out var refusal)
            ? bundle
            : throw new InvalidOperationException(refusal);

    /// <summary>A server's certificate with its key, as it is pushed.</summary>
    public static PemBundle Bundle((string Certificate, string Key) pair) => Bundle(pair.Certificate, pair.Key);

    /// <summary>A client's certificate with its key, PEM.</summary>
    public (string Certificate, string Key) IssueClient(string commonName) => pki.IssueClient(commonName);

    /// <summary>Gives proxies that start from now on an admin certificate that ends then, or one of another authority.</summary>
    /// <param name="end">When it ends; null for when its authority does.</param>
    /// <param name="other">The authority; null for this one.</param>
    public void ReplaceAdmin(DateTimeOffset? end, TestPki? other = null)
    {
        var signer = (other ?? this).pki;
        signer.End = end;
        foreach (var (folder, name) in new[] { ("admin", new ProxyOptions().ServerName), ("edge/admin", new ProxyOptions().EdgeServerName) })
        {
            var (certificate, key) = signer.IssueServer(name, "localhost");
            File.WriteAllText(Path.Combine(Folder, folder, "tls.crt"), certificate);
            File.WriteAllText(Path.Combine(Folder, folder, "tls.key"), key);
        }

        signer.End = null;
    }

    /// <summary>Has proxies that start from now on take clients of another authority only.</summary>
    public void AdmitOnly(TestPki other)
    {
        foreach (var folder in new[] { "admin", "edge/admin" })
            File.WriteAllText(Path.Combine(Folder, folder, "ca.crt"), other.Authority);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        pki.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
