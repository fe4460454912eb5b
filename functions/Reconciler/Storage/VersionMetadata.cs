using System.Globalization;
using IngressReconciler.Versions;

namespace IngressReconciler.Storage;

/// <summary>
/// A version's summary as metadata of its blob, so that a list has it: header values, at most some 2 KiB of the 8 that Azure allows. What
/// comes from objects of the cluster is percent-encoded: no value can end a header.
/// </summary>
public static class VersionMetadata
{
    private const string Format = "format", At = "at", Hash = "hash", Cause = "cause", Hosts = "hosts", Changed = "changed",
        Findings = "findings", FindingsAt = "findingsat", Base = "base";

    /// <summary>The metadata of a version.</summary>
    public static IDictionary<string, string> Of(ConfigVersion version)
    {
        var summary = VersionSummary.Of(version);
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            [Format] = Text(version.Format ?? 0),
            [At] = summary.At.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture),
            [Hash] = Uri.EscapeDataString(summary.Hash),
            [Hosts] = Text(summary.Hosts),
            [Findings] = Text(summary.Findings),
        };
        if (summary.Changed is { } changed)
            metadata[Changed] = Text(changed);
        if (summary.Base is { } full)
            metadata[Base] = Text(full);
        if (summary.FindingsAt is { Length: > 0 } name)
            metadata[FindingsAt] = Uri.EscapeDataString(name);
        if (summary.Cause.Length > 0)
            metadata[Cause] = Uri.EscapeDataString(summary.Cause);
        return metadata;
    }

    /// <summary>The summary of a listed version; null when its metadata is not there or cannot be read, as of earlier releases.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="metadata">The metadata, by names in any case.</param>
    public static VersionSummary? Read(int number, IReadOnlyDictionary<string, string> metadata)
    {
        if (Number(Format) is not { } format || Number(Hosts) is not { } hosts || Number(Findings) is not { } findings
            || !metadata.TryGetValue(Hash, out var hash)
            || !metadata.TryGetValue(At, out var text)
            || !DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
        {
            return null;
        }

        return new(number, at, Uri.UnescapeDataString(hash), Uri.UnescapeDataString(metadata.GetValueOrDefault(Cause, "")), hosts,
            Number(Changed), findings)
        {
            Base = Number(Base),
            FindingsAt = metadata.GetValueOrDefault(FindingsAt) is { } name ? Uri.UnescapeDataString(name) : null,
            NotRead = VersionSummary.NotReadOf(number, format),
        };

        int? Number(string name) =>
            metadata.TryGetValue(name, out var value) && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var one)
                ? one
                : null;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
