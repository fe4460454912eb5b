using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Telemetry;

/// <summary>When the first of a cluster's served certificates expires, by the public chains in its Secrets. Each is parsed once.</summary>
public sealed class CertificateExpiry
{
    private IReadOnlyDictionary<string, DateTimeOffset?> known = new Dictionary<string, DateTimeOffset?>();

    /// <summary>The soonest end of a certificate that some host or the default is served with; null when there is none that can be read.</summary>
    public DateTimeOffset? Soonest(DesiredState wanted) => Ends(wanted).Min(one => (DateTimeOffset?)one.End);

    /// <summary>The end of every certificate that some host or the default is served with, of those that can be read.</summary>
    public IReadOnlyList<(CertificateReference Secret, DateTimeOffset End)> Ends(DesiredState wanted)
    {
        var ends = new List<(CertificateReference, DateTimeOffset)>();
        var before = known;
        var served = wanted.Translation.Uses.HostsOf.Keys.ToHashSet();
        if (wanted.Model.Settings.DefaultCertificate is { } byDefault)
            served.Add(byDefault);
        var now = new Dictionary<string, DateTimeOffset?>(StringComparer.Ordinal);
        foreach (var reference in served)
        {
            if (wanted.SecretOf(reference) is { Fingerprint: { } fingerprint, Chain: var chain }
                && (now[fingerprint] = now.GetValueOrDefault(fingerprint) ?? (before.TryGetValue(fingerprint, out var end) ? end : EndOf(chain))) is { } at)
                ends.Add((reference, at));
        }

        known = now;
        return ends;
    }

    /// <summary>The end of a chain's first certificate; null for what is none.</summary>
    private static DateTimeOffset? EndOf(string? chain)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(chain);
            return new(certificate.NotAfter.ToUniversalTime());
        }
        catch (CryptographicException)
        {
            return null; // a finding tells of it
        }
    }
}
