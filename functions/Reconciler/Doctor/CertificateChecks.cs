using System.Globalization;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>Judges how long certificates last: <c>certificate</c>.</summary>
public static class CertificateChecks
{
    /// <summary>The days before its end in which a certificate is worth a warning.</summary>
    public const int Days = 30;

    /// <summary>Judges every certificate there is.</summary>
    /// <param name="now">The time.</param>
    /// <param name="client">When our client certificate ends.</param>
    /// <param name="authority">When the CA of the admin ports ends.</param>
    /// <param name="exams">The proxies, each with its admin port's certificate.</param>
    /// <param name="served">Certificates that clients are shown.</param>
    public static IEnumerable<Check> Judge(
        DateTimeOffset now,
        DateTimeOffset client,
        DateTimeOffset authority,
        IEnumerable<ExaminedProxy> exams,
        IReadOnlyList<(CertificateReference Secret, DateTimeOffset End)> served)
    {
        yield return One("our client certificate", client, now, "renew the certificate in settings Admin__Certificate and Admin__Key, signed by the CA that the proxies trust, and restart the function");
        yield return One("CA of the admin ports", authority, now, "make a new CA; give it to Admin__Authority and to every proxy's PKI/admin/ca.crt beside the old one, then renew what it signs");
        foreach (var exam in exams)
        {
            if (exam.Exam.Certificate is { } shown)
                yield return One($"admin port of {exam.Name}", shown.Expires, now, $"renew PKI/admin/tls.crt and tls.key of {exam.Name} ('{shown.Subject}') and restart it");
        }

        var soon = served.Where(one => one.End - now < TimeSpan.FromDays(Days)).OrderBy(one => one.End).ToArray();
        foreach (var (secret, end) in soon)
            yield return One($"Secret {secret}", end, now, $"renew Secret {secret}: look at what should do that (cert-manager: 'kubectl describe certificate -n {secret.Namespace}')");
        if (soon.Length == 0)
        {
            yield return served.Count == 0
                ? Check.Skipped("certificate", "served to clients", "no Secret's certificate is served; clients are shown the bootstrap's own")
                : Check.Ok("certificate", "served to clients", string.Create(CultureInfo.InvariantCulture, $"{served.Count}, the first ends {Day(served.Min(one => one.End))}"));
        }
    }

    private static Check One(string subject, DateTimeOffset end, DateTimeOffset now, string cure)
    {
        var left = end - now;
        if (left <= TimeSpan.Zero)
            return Check.Failed("certificate", subject, $"expired {Day(end)}", cure);
        return left < TimeSpan.FromDays(Days)
            ? Check.Warning("certificate", subject, string.Create(CultureInfo.InvariantCulture, $"ends {Day(end)}, in {left.TotalDays:0.#} days"), cure)
            : Check.Ok("certificate", subject, $"ends {Day(end)}");
    }

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
