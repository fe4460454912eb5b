using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;

namespace IngressReconciler.ManifestFolders;

/// <summary>What is remembered of an object between two readings of the folder and between two runs.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Hash">SHA-256 of its trimmed content.</param>
/// <param name="ResourceVersion">Given when its content last changed.</param>
/// <param name="Generation">How often its content has changed, from 1. (An API server leaves out changes of metadata; here they count.)</param>
/// <param name="Created">Its creation time unless the manifest states one.</param>
public sealed record ManifestEntry(string Uid, string Hash, long ResourceVersion, long Generation, DateTimeOffset Created);

/// <summary>
/// Compares a reading of the folder with what is remembered, and plays the API server's part: gives each object its uid (from the
/// manifest, or a hash of its name), a resourceVersion that grows whenever its content changes, a generation, and a creationTimestamp:
/// the manifest's, or else the last write time that its file had when the object was first seen. That one is remembered, and for a
/// file that nobody touches it is the same even when the memory is lost, so which of two rivals is the older does not flip.
/// </summary>
/// <param name="Entries">What to remember now.</param>
/// <param name="Objects">Every object.</param>
/// <param name="Applied">Those of <paramref name="Objects"/> that are new or changed.</param>
/// <param name="Deleted">Objects that are gone: their names and a new resourceVersion.</param>
/// <param name="Highest">The highest resourceVersion ever given.</param>
public sealed record ManifestDiff(
    IReadOnlyDictionary<ResourceKey, ManifestEntry> Entries,
    IReadOnlyList<ManifestObject> Objects,
    IReadOnlyList<ManifestObject> Applied,
    IReadOnlyList<JsonObject> Deleted,
    long Highest)
{
    /// <summary>Compares.</summary>
    /// <param name="known">What was remembered.</param>
    /// <param name="highest">The highest resourceVersion given so far; 0 for none.</param>
    /// <param name="objects">All objects of the folder, each name once.</param>
    /// <param name="now">The time; resourceVersions are its Unix microseconds, or the next free number.</param>
    public static ManifestDiff Between(
        IReadOnlyDictionary<ResourceKey, ManifestEntry> known, long highest, IReadOnlyList<ManifestObject> objects, DateTimeOffset now)
    {
        var entries = new Dictionary<ResourceKey, ManifestEntry>();
        List<ManifestObject> applied = [];
        List<JsonObject> deleted = [];
        long Next() => highest = Math.Max(highest + 1, VersionAt(now));

        foreach (var one in objects)
        {
            var entry = known.TryGetValue(one.Key, out var last)
                ? last
                : new(one.Uid ?? UidOf(one.Key), "", 0, 0, Earlier(one.Written, now));
            if (entry.Hash != one.Hash)
            {
                entry = entry with
                {
                    Uid = one.Uid ?? entry.Uid,
                    Hash = one.Hash,
                    ResourceVersion = Next(),
                    Generation = entry.Generation + 1,
                };
                applied.Add(one);
            }
            entries[one.Key] = entry;
        }
        foreach (var (key, entry) in known)
            if (!entries.ContainsKey(key))
                deleted.Add(Gone(key, entry, Next()));
        return new(entries, objects, applied, deleted, highest);
    }

    /// <summary>One of <see cref="Objects"/> as it travels.</summary>
    public JsonObject ToJson(ManifestObject one) => one.ToJson(Entries[one.Key]);

    /// <summary>The resourceVersion of a moment: Unix time in microseconds.</summary>
    public static long VersionAt(DateTimeOffset moment) => (moment - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static JsonObject Gone(ResourceKey key, ManifestEntry entry, long version)
    {
        var metadata = new JsonObject { ["name"] = key.Name };
        if (key.Namespace.Length > 0)
            metadata["namespace"] = key.Namespace;
        metadata["uid"] = entry.Uid;
        metadata["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
        return new() { ["apiVersion"] = ResourceKinds.Of(key.Kind).ApiVersion, ["kind"] = key.Kind.ToString(), ["metadata"] = metadata };
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>A uid in the form of a name-based UUID, version 8 (RFC 9562, section 5.8), over SHA-256.</summary>
    private static string UidOf(ResourceKey key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{key.Kind}\n{key.Namespace}\n{key.Name}"));
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString();
    }
}
