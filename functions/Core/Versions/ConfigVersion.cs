using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>
/// A sealed routing model as it is stored: immutable, numbered, hashed. Most versions hold only the hosts that differ from their parent,
/// so that sealing costs what changed; at least every <see cref="FullEvery"/>th holds all. Its findings are stored apart, see
/// <see cref="FindingSet"/>.
/// </summary>
/// <remarks>
/// Releases read each other's versions, whatever their format. What is not read of the settings or of a host is kept beside it, see
/// <see cref="HostRoutes.Stored"/>, and a field of the version's own in <see cref="Unknown"/>. A finding in a form that is not read is
/// left out: <see cref="FindingCount"/> counts it.
/// </remarks>
public sealed record ConfigVersion
{
    /// <summary>A version with more than this many ancestors to its last full one is stored in full.</summary>
    public const int FullEvery = 64;

    /// <summary>The format that is written; it grows with every field that is added, in the model too.</summary>
    public const int Newest = 2;

    /// <summary>The format that it was written in; null for one of the releases before formats had numbers.</summary>
    public int? Format { get; init; }

    /// <summary>Its number, from 1, without gaps.</summary>
    public required int Number { get; init; }

    /// <summary>The version before it; 0 for the first.</summary>
    public required int Parent { get; init; }

    /// <summary>
    /// The last full version before it, on which it builds with all that are between; its own number where it is full. Null in formats
    /// before 2.
    /// </summary>
    public int? Base { get; init; }

    /// <summary>Whether <see cref="Hosts"/> is all there is; else it is what differs from the parent.</summary>
    public required bool Full { get; init; }

    /// <summary>
    /// What identifies its routing: <see cref="ModelHash"/>, 64 hexadecimal digits. Equal routing, equal hash, in every release.
    /// </summary>
    public required string Hash { get; init; }

    /// <summary>When it was sealed.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The journal position it was sealed at.</summary>
    public required string Position { get; init; }

    /// <summary>What brought it about, for people.</summary>
    public required string Cause { get; init; }

    /// <summary>How many hosts the whole version has.</summary>
    public required int HostCount { get; init; }

    /// <summary>The settings.</summary>
    [JsonConverter(typeof(StoredSettingsConverter))]
    public required RoutingSettings Settings { get; init; }

    /// <summary>Hosts by <c>table|host</c>; null for one that the parent had and this has not.</summary>
    [JsonConverter(typeof(StoredHostsConverter))]
    public required ImmutableSortedDictionary<string, HostRoutes?> Hosts { get; init; }

    /// <summary>
    /// How many mistakes and limits were known when it was sealed; null in a version of an earlier release, which holds all.
    /// </summary>
    public int? FindingCount { get; init; }

    /// <summary>
    /// The name of the <see cref="FindingSet"/> that has them; null where there are none, and in formats before 2, which hold them.
    /// </summary>
    public string? FindingsAt { get; init; }

    /// <summary>
    /// In formats before 2, those that the parent had not; all of them when <see cref="FindingsGone"/> is null. Later ones have none here
    /// in storage, and all of them as <c>VersionHistory</c> reads a version.
    /// </summary>
    [JsonConverter(typeof(StoredFindingsConverter))]
    public ValueList<Finding> Findings { get; init; } = [];

    /// <summary>
    /// In formats before 2, those that the parent had and this version has not; null when <see cref="Findings"/> is all there is, as in a
    /// full version, and in one whose parent's are not known.
    /// </summary>
    [JsonConverter(typeof(StoredFindingsConverter))]
    public ValueList<Finding>? FindingsGone { get; init; }

    /// <summary>Why <see cref="Findings"/> lacks them all, in one sentence; never in storage, only as a version is read.</summary>
    public string? FindingsLost { get; init; }

    /// <summary>Fields of a later release, as they came.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>How much of its routing this release does not read, in one sentence; null when it reads all.</summary>
    [JsonIgnore]
    public string? NotRead =>
        (Hosts.Values.Count(host => host?.Stored is not null) + (Settings.Stored is null ? 0 : 1)) is > 0 and var parts
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"version {Number} is another release's (format {Format ?? 0}, here it is {Newest}): ")
                + string.Create(CultureInfo.InvariantCulture, $"{parts} of its hosts and settings are not read in full")
            : null;

    /// <summary>All findings of this version.</summary>
    /// <param name="parent">All of its parent's; not needed where <see cref="FindingsGone"/> is null.</param>
    public IEnumerable<Finding> AllFindings(IEnumerable<Finding> parent) =>
        FindingsGone is { } gone ? parent.Except(gone).Concat(Findings) : Findings;

    /// <summary>The model of this version.</summary>
    /// <param name="parent">The parent's model; not needed by a full version.</param>
    public RoutingModel Model(RoutingModel? parent)
    {
        if (!Full && parent is null)
            throw new ArgumentNullException(nameof(parent), $"version {Number} holds only what differs from version {Parent}");
        var hosts = (Full ? RoutingModel.Empty : parent!).Hosts.ToBuilder();
        foreach (var (name, routes) in Hosts)
        {
            if (routes is null)
                hosts.Remove(HostKey.Parse(name));
            else
                hosts[HostKey.Parse(name)] = routes;
        }

        return new() { Settings = Settings, Hosts = hosts.ToImmutable() };
    }
}

/// <summary>Which version is wanted; the only blob of a cluster's that is rewritten to change routing.</summary>
/// <param name="Version">Its number; 0 before the first.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="SinceFull">How many versions have been sealed since the last that is stored in full.</param>
public sealed record VersionHead(int Version, string Hash, int SinceFull)
{
    /// <summary>Fields of a later release. They stay when the head moves.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>Before the first version.</summary>
    public static VersionHead None { get; } = new(0, "", 0);
}
