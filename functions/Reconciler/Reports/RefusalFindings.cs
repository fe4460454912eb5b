using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.Reports;

/// <summary>What proxies refuse ─► findings at the objects that asked for it, one for all proxies that refuse the same.</summary>
public static class RefusalFindings
{
    /// <summary>The finding of a Secret whose pair is not on the proxies.</summary>
    public const string CertificateNotUsable = nameof(CertificateNotUsable);

    /// <summary>The finding of any other object.</summary>
    public const string RefusedByProxy = nameof(RefusedByProxy);

    /// <summary>Refusals that a sum names.</summary>
    private const int Summed = 3;

    /// <summary>What one proxy refuses, in short; null when it is nothing.</summary>
    public static string? Sum(ImmutableArray<Refusal> refused)
    {
        if (refused.IsEmpty)
            return null;
        var all = refused.OrderBy(one => $"{one.Owner}", StringComparer.Ordinal).DistinctBy(one => (one.Owner, one.Reason)).ToArray();
        var some = string.Join("; ", all.Take(Summed).Select(one => one.Owner is { } owner ? $"{owner}: {one.Reason}" : one.Reason.ToString()));
        return all.Length > Summed
            ? string.Create(CultureInfo.InvariantCulture, $"all is applied but {some}; and {all.Length - Summed} more")
            : $"all is applied but {some}";
    }

    /// <summary>The findings, by object and reason.</summary>
    /// <param name="proxies">Each proxy with what it refuses.</param>
    public static IEnumerable<Finding> Of(IEnumerable<(string Name, ImmutableArray<Refusal> Refused)> proxies) =>
        from proxy in proxies
        from refusal in proxy.Refused
        where refusal.Owner is not null
        group proxy.Name by (Owner: refusal.Owner!.Value, refusal.Reason) into same
        let names = string.Join(", ", same.Distinct().Order(StringComparer.Ordinal))
        orderby $"{same.Key.Owner}", same.Key.Reason.ToString()
        select same.Key.Owner.Kind == ResourceKind.Secret
            ? new Finding(
                same.Key.Owner,
                Severity.Error,
                CertificateNotUsable,
                $"tls.crt and tls.key are not pushed to {names}: {same.Key.Reason}. What was served before is still.")
            : new Finding(
                same.Key.Owner,
                Severity.Error,
                RefusedByProxy,
                $"{names}: {same.Key.Reason}. What it had before it keeps, and all other objects are applied. "
                + "It is tried again when this object changes, and with each resync.");
}
