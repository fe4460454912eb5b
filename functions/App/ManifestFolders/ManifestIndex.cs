using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;

namespace IngressReconciler.ManifestFolders;

/// <summary>
/// The memory of a manifest folder, in one JSON file outside of it: what an API server would keep in etcd. The watcher alone writes it;
/// the handler's process reads it, so that both give an object the same resourceVersion. It holds hashes and names, never content.
/// </summary>
/// <param name="Entries">All remembered objects.</param>
/// <param name="Highest">The highest resourceVersion ever given.</param>
public sealed record ManifestIndex(IReadOnlyDictionary<ResourceKey, ManifestEntry> Entries, long Highest)
{
    /// <summary>Nothing remembered.</summary>
    public static ManifestIndex Empty { get; } = new(new Dictionary<ResourceKey, ManifestEntry>(), 0);

    /// <summary>Name of the setting that names the folder where indexes lie; unset: <c>ingress-reconciler</c> below the user's local application data.</summary>
    public const string PlaceSetting = "INGRESS_RECONCILER_STATE";

    /// <summary>Where the index of a manifest folder lies.</summary>
    /// <param name="folder">The manifest folder.</param>
    /// <param name="place">The folder of indexes; null for the one that the environment says.</param>
    public static string DefaultFile(string folder, string? place = null)
    {
        place ??= Environment.GetEnvironmentVariable(PlaceSetting);
        if (string.IsNullOrEmpty(place))
        {
            var user = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            place = Path.Combine(user.Length > 0 ? user : Path.GetTempPath(), "ingress-reconciler");
        }
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))))[..16];
        return Path.Combine(Path.GetFullPath(place), $"manifests-{name}.json");
    }

    /// <summary>Reads an index; an absent or damaged file gives <see cref="Empty"/>, which costs only that everything counts as changed once.</summary>
    public static ManifestIndex Load(string file)
    {
        try
        {
            return File.Exists(file) && JsonNode.Parse(File.ReadAllText(file)) is JsonObject json ? Read(json) : Empty;
        }
        catch (Exception exception) when (exception is JsonException or IOException or InvalidOperationException or FormatException or ArgumentException)
        {
            return Empty;
        }
    }

    /// <summary>Writes the index beside its place and moves it there, so that a reader finds a whole one.</summary>
    public void Save(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var next = file + ".next";
        using (var stream = File.Create(next))
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber("highest", Highest);
            writer.WriteStartArray("objects");
            foreach (var (key, entry) in Entries)
            {
                writer.WriteStartObject();
                writer.WriteString("kind", key.Kind.ToString());
                writer.WriteString("namespace", key.Namespace);
                writer.WriteString("name", key.Name);
                writer.WriteString("uid", entry.Uid);
                writer.WriteString("hash", entry.Hash);
                writer.WriteNumber("resourceVersion", entry.ResourceVersion);
                writer.WriteNumber("generation", entry.Generation);
                writer.WriteString("created", entry.Created);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        File.Move(next, file, overwrite: true);
    }

    private static ManifestIndex Read(JsonObject json)
    {
        var entries = new Dictionary<ResourceKey, ManifestEntry>();
        foreach (var one in json["objects"]?.AsArray() ?? [])
        {
            string Text(string name) => one?[name]?.GetValue<string>() ?? throw new FormatException($"{name} is missing");
            long Number(string name) => one?[name]?.GetValue<long>() ?? throw new FormatException($"{name} is missing");
            entries[new(Enum.Parse<ResourceKind>(Text("kind")), Text("namespace"), Text("name"))] = new(
                Text("uid"),
                Text("hash"),
                Number("resourceVersion"),
                Number("generation"),
                DateTimeOffset.Parse(Text("created"), CultureInfo.InvariantCulture));
        }
        return new(entries, json["highest"]?.GetValue<long>() ?? 0);
    }
}
