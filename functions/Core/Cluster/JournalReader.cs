using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace IngressReconciler.Cluster;

/// <summary>Reads one journal line: see <see cref="JournalBatch"/>.</summary>
/// <param name="line">The line.</param>
/// <param name="isSummed">
/// Whether it has its sum. Then what is not known of it is another release's. Those that wrote no sum have all that they may say in
/// what this release reads, so that in a line without one it is damage.
/// </param>
internal sealed class JournalReader(JsonElement line, bool isSummed)
{
    private readonly int format =
        Property(line, "format") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var read) ? read : 0;

    private readonly ImmutableArray<ResourceChange>.Builder changes = ImmutableArray.CreateBuilder<ResourceChange>();
    private readonly ImmutableArray<UnknownChange>.Builder unknown = ImmutableArray.CreateBuilder<UnknownChange>();
    private int skipped;

    /// <summary>The batch.</summary>
    public JournalBatch Read()
    {
        if (isSummed && !IsBatch())
            return new("", default, []) { Format = format, Skipped = 1 };
        foreach (var change in line.GetProperty("changes").EnumerateArray())
            Read(change);
        return new(line.GetProperty("id").GetString() ?? "", line.GetProperty("at").GetDateTimeOffset(), changes.ToImmutable())
        {
            Format = format,
            Unknown = unknown.ToImmutable(),
            Skipped = skipped,
        };
    }

    private bool IsBatch() =>
        Property(line, "changes") is { ValueKind: JsonValueKind.Array }
        && Property(line, "id") is { ValueKind: JsonValueKind.String }
        && Property(line, "at") is { ValueKind: JsonValueKind.String } at && at.TryGetDateTimeOffset(out _);

    private void Read(JsonElement change)
    {
        try
        {
            if (!isSummed || ResourceKinds.Find(Text(change, "kind")) is not null)
                changes.Add(Known(change));
            else
                unknown.Add(Unknown(change));
        }
        catch (Exception e) when (isSummed && IsNovelty(e))
        {
            TryUnknown(change);
        }
    }

    /// <summary>A change in a form that is not read: of a kind that is read, too.</summary>
    private void TryUnknown(JsonElement change)
    {
        try
        {
            unknown.Add(Unknown(change));
        }
        catch (Exception e) when (IsNovelty(e))
        {
            skipped++;
        }
    }

    private static bool IsNovelty(Exception e) => e is JsonException or KeyNotFoundException or InvalidOperationException;

    private static ResourceChange Known(JsonElement change)
    {
        var kind = change.GetProperty("kind").GetString();
        var entry = ResourceKinds.Find(kind)
            ?? throw new JsonException($"a journal line has an object of unknown kind {KubernetesName.Show(kind)}");
        var replaces = Property(change, "replaces")?.GetString();
        if (Property(change, "applied") is { } applied)
        {
            return entry.Read(applied) is { Metadata: { Name: not null, ResourceVersion: not null } } resource
                ? new Applied(resource, Property(change, "seenAt")?.GetString()) { Replaces = replaces }
                : throw new JsonException($"a journal line has a {entry.Kind} without a name or a version");
        }

        var deleted = change.GetProperty("deleted");
        var key = new ResourceKey(entry.Kind, Text(deleted, "namespace"), Text(deleted, "name"));
        return new Deleted(key, Text(deleted, "resourceVersion")) { Replaces = replaces };
    }

    private UnknownChange Unknown(JsonElement change)
    {
        var applied = Property(change, "applied");
        var named = applied?.GetProperty("metadata") ?? change.GetProperty("deleted");
        var key = new UnknownKey(Text(change, "kind"), Property(named, "namespace")?.GetString() ?? "", Text(named, "name"));
        return new(key, Text(named, "resourceVersion"), JsonMarshal.GetRawUtf8Value(change).ToArray())
        {
            IsDeletion = applied is null,
            Replaces = Property(change, "replaces")?.GetString(),
            SeenAt = Property(change, "seenAt")?.GetString(),
            Format = format,
        };
    }

    private static JsonElement? Property(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value : null;

    private static string Text(JsonElement json, string name) =>
        json.GetProperty(name).GetString() ?? throw new JsonException($"a journal line has an object whose {name} is null");
}
