using System.Globalization;
using IngressReconciler.Storage;

namespace IngressReconciler.Doctor;

/// <summary>Judges what storage did and holds: <c>storage</c>, <c>journal</c>, <c>other-release</c>.</summary>
public static class StorageChecks
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(500);

    /// <summary>Judges a trial.</summary>
    /// <param name="trial">What it found; null when storage cannot be reached.</param>
    /// <param name="trouble">Why it cannot.</param>
    /// <param name="behind">How many journal lines this instance has not read; null when it is not known.</param>
    public static IEnumerable<Check> Judge(StorageTrial? trial, string? trouble, int? behind)
    {
        if (trial is null)
        {
            yield return Check.Failed("storage", "blob container", $"{trouble?.TrimEnd('.')}", "let the function reach the storage account of setting AzureWebJobsStorage (firewall, private endpoint, DNS) with the role Storage Blob Data Contributor; proxies go on with what they have");
            yield return Check.Skipped("journal", "blob container", "storage cannot be reached");
            yield break;
        }

        var took = string.Create(CultureInfo.InvariantCulture, $"written in {trial.Writing.TotalMilliseconds:0.0} ms, read in {trial.Reading.TotalMilliseconds:0.0} ms");
        yield return trial.Writing > Slow || trial.Reading > Slow
            ? Check.Warning("storage", "blob container", took, "use a storage account in the function's region, and look at its metric 'Success E2E Latency': every change waits for one write")
            : Check.Ok("storage", "blob container", took);
        yield return behind is > 0 and var lines
            ? Check.Warning("journal", "this instance", string.Create(CultureInfo.InvariantCulture, $"{lines} changes of other instances are not read yet"), "give the command again in a moment; if this stays, look at the function's log")
            : Check.Ok("journal", "this instance", "has read all of it");
    }

    /// <summary>Judges what another release wrote.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="unknown">What of it this one does not read, in one sentence; null for nothing.</param>
    public static IEnumerable<Check> Judge(string cluster, string? unknown)
    {
        if (unknown is not null)
        {
            yield return Check.Warning(
                "other-release",
                $"cluster {cluster}",
                unknown,
                "nothing while one release takes over from the other; else run that release again, or a later one, everywhere");
        }
    }
}
