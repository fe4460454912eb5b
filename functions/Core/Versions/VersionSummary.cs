using System.Globalization;

namespace IngressReconciler.Versions;

/// <summary>A version without its content, as versions are listed.</summary>
/// <param name="Number">Its number.</param>
/// <param name="At">When it was sealed.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Cause">What brought it about; at most <see cref="LongestCause"/> characters.</param>
/// <param name="Hosts">How many hosts it has.</param>
/// <param name="Changed">How many of them differ from its parent; null when it is stored in full.</param>
/// <param name="Findings">How many findings it had.</param>
public sealed record VersionSummary(int Number, DateTimeOffset At, string Hash, string Cause, int Hosts, int? Changed, int Findings)
{
    /// <summary>Characters of a cause in a list; a longer one ends in an ellipsis.</summary>
    public const int LongestCause = 200;

    /// <summary>Bytes that it takes in storage; null where that is not known.</summary>
    public long? Size { get; init; }

    /// <summary>The last full version that it builds on, its own number where it is full; null in formats before 2.</summary>
    public int? Base { get; init; }

    /// <summary>The name of its <see cref="FindingSet"/>; null where there is none.</summary>
    public string? FindingsAt { get; init; }

    /// <summary>How much of its routing this release does not read, in one sentence; null when it reads all.</summary>
    public string? NotRead { get; init; }

    /// <summary>Sums up a version.</summary>
    public static VersionSummary Of(ConfigVersion version) => new(
        version.Number, version.At, version.Hash, Short(version.Cause), version.HostCount, version.Full ? null : version.Hosts.Count,
        version.FindingCount ?? version.Findings.Count)
    {
        Base = version.Base,
        FindingsAt = version.FindingsAt,
        NotRead = version.NotRead,
    };

    /// <summary>What there is to say of a version in a format that this release does not know; null when it does.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="format">Its format.</param>
    public static string? NotReadOf(int number, int format) => format > ConfigVersion.Newest
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"version {number} is a later release's (format {format}, here it is {ConfigVersion.Newest}): ")
            + "some of it may not be read here"
        : null;

    private static string Short(string cause)
    {
        if (cause.Length <= LongestCause)
            return cause;
        var end = LongestCause - 1;
        return cause[..(char.IsHighSurrogate(cause[end - 1]) ? end - 1 : end)] + "…";
    }
}
