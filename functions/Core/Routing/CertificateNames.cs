using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>The DNS names of a certificate, and which hosts they are for: RFC 6125 section 6.4, as browsers apply it.</summary>
public static class CertificateNames
{
    private static readonly ConditionalWeakTable<Secret, string[]> Read = [];

    /// <summary>
    /// The DNS names (subjectAltName) of a Secret's certificate, in lower case and the certificate's order; null when it cannot be read.
    /// A common name counts for nothing any more.
    /// </summary>
    public static IReadOnlyList<string>? Of(Secret secret)
    {
        if (string.IsNullOrEmpty(secret.Chain))
            return null;

        // One wildcard certificate may be asked of by a thousand Ingresses, and an object never changes.
        if (Read.TryGetValue(secret, out var known))
            return known;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(secret.Chain);
            var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(one => one.EnumerateDnsNames());
            return Read.GetValue(secret, _ => [.. names.Select(name => name.ToLowerInvariant())]);
        }
        catch (CryptographicException)
        {
            return null; // told when it is pushed
        }
    }

    /// <summary>Whether a name is for all of a host: equal, or <c>*.</c> and all labels of the host but the first.</summary>
    /// <param name="name">A name of a certificate.</param>
    /// <param name="host">A host in normal form, which may be a wildcard itself.</param>
    public static bool Covers(string name, string host) =>
        name == host
        || (name is ['*', '.', ..]
            && host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot
            && host.AsSpan(dot).SequenceEqual(name.AsSpan(1)));
}
