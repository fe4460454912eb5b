using System.Globalization;
using System.Text.Json;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Versions;

namespace IngressReconciler.Reconciliation;

/// <summary>Reads the versions of one cluster.</summary>
public sealed class VersionHistory(ClusterStorage storage)
{
    /// <summary>The wanted version; <see cref="VersionHead.None"/> before the first.</summary>
    public async Task<VersionHead> HeadAsync(CancellationToken cancel) =>
        await storage.Head.ReadAsync(known: null, cancel) is { } head
            ? JsonSerializer.Deserialize(head.Content.Span, VersionJson.Default.VersionHead)!
            : VersionHead.None;

    /// <summary>
    /// The newest versions, newest first, from a list of them. Only those of earlier releases are read, of which a list does not say all.
    /// </summary>
    /// <param name="most">How many at most.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="before">Only those below this number: the last of the page before.</param>
    public async Task<IReadOnlyList<VersionSummary>> NewestAsync(int most, CancellationToken cancel, int before = int.MaxValue)
    {
        var listed = await storage.Versions.NewestAsync((await HeadAsync(cancel)).Version, most, cancel, before);
        var found = new VersionSummary?[listed.Count];
        var limit = new ParallelOptions { MaxDegreeOfParallelism = VersionChain.AtOnce, CancellationToken = cancel };
        await Parallel.ForAsync(0, found.Length, limit, async (i, token) => found[i] = await SummaryAsync(listed[i], token));
        return [.. found.OfType<VersionSummary>()];
    }

    private async Task<VersionSummary?> SummaryAsync(ListedVersion listed, CancellationToken cancel)
    {
        if (VersionMetadata.Read(listed.Number, listed.Metadata) is { } summary)
            return summary with { Size = listed.Size };
        return await StoredAsync(listed.Number, cancel) is { } version ? VersionSummary.Of(version) with { Size = listed.Size } : null;
    }

    /// <summary>
    /// A version with all of its findings, and with the hosts that it is stored with; null when there is none of that number. Findings
    /// that are not in storage are none, and <see cref="ConfigVersion.FindingsLost"/> says why.
    /// </summary>
    public async Task<ConfigVersion?> FindAsync(int number, CancellationToken cancel)
    {
        if (await StoredAsync(number, cancel) is not { } found)
            return null;
        if (found.FindingsAt is { } name)
            return await WithFindingsAsync(found, name, cancel);
        if (found.FindingsGone is null)
            return found;
        IEnumerable<Finding> findings = [];
        foreach (var version in await VersionChain.ReadAsync(found, version => version.FindingsGone is null, StoredAsync, cancel))
            findings = version.AllFindings(findings);
        return found with { Findings = findings.ToValueList(), FindingsGone = null };
    }

    private async Task<ConfigVersion> WithFindingsAsync(ConfigVersion version, string name, CancellationToken cancel)
    {
        var those = string.Create(CultureInfo.InvariantCulture, $"the {version.FindingCount} findings of version {version.Number}");
        try
        {
            return await storage.FindingSets.ReadAsync(name, cancel) is { } set
                ? version with { Findings = set.Findings }
                : version with { FindingsLost = $"{those} are not in storage: whatever sealed it was stopped before they were written" };
        }
        catch (InvalidDataException e)
        {
            return version with { FindingsLost = $"{those} cannot be read: {e.Message}" };
        }
    }

    /// <summary>Why there is no version of a number, in one sentence, and whether there once was.</summary>
    public async Task<(bool WasRemoved, string Reason)> WhyNoneAsync(int number, CancellationToken cancel)
    {
        var newest = (await HeadAsync(cancel)).Version;
        if (number < 1 || number > newest)
        {
            var known = newest == 0 ? "none was sealed yet" : string.Create(CultureInfo.InvariantCulture, $"the newest is {newest}");
            return (false, string.Create(CultureInfo.InvariantCulture, $"cluster {storage.Id} has no version {number}: {known}"));
        }

        var oldest = await storage.Versions.OldestAsync(cancel) ?? newest;
        return (true, string.Create(
            CultureInfo.InvariantCulture, $"version {number} was removed by retention; the oldest kept is {oldest}"));
    }

    private async Task<ConfigVersion?> StoredAsync(int number, CancellationToken cancel) =>
        await storage.Versions.ReadAsync(number, cancel) is { } content
            ? JsonSerializer.Deserialize(content.Span, VersionJson.Default.ConfigVersion)
            : null;

    /// <summary>The whole model of a version, whichever release wrote it; null when there is none of that number.</summary>
    /// <exception cref="InvalidDataException">It has not its hash, or lacks a version that it builds on.</exception>
    public async Task<RoutingModel?> ModelAsync(int number, CancellationToken cancel)
    {
        if (await StoredAsync(number, cancel) is not { } found)
            return null;
        RoutingModel? model = null;
        foreach (var version in await VersionChain.ReadAsync(found, version => version.Full, StoredAsync, cancel))
            model = version.Model(model);
        return ModelHash.Of(model!).Text == found.Hash
            ? model
            : throw new InvalidDataException(
                $"version {number} is damaged, or one that it builds on: its routing has not the hash that it was sealed with");
    }
}
