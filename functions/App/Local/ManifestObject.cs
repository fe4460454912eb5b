using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;

namespace IngressReconciler.Local;

/// <summary>An object as it stands in a manifest file.</summary>
/// <param name="Key">Its name.</param>
/// <param name="File">The file's full path.</param>
/// <param name="Line">The line at which its document begins, from 1.</param>
/// <param name="Written">The file's last write time.</param>
/// <param name="Whole">All of it, secrets included: to be trimmed before it goes anywhere.</param>
public sealed record ManifestObject(ResourceKey Key, string File, long Line, DateTimeOffset Written, JsonObject Whole)
{
    /// <summary>The objects of a file that routing reads: every document, and of a List each item. Other kinds are passed over.</summary>
    /// <param name="file">The file's full path; <c>.json</c> is read as JSON, all else as YAML.</param>
    /// <param name="text">Its content.</param>
    /// <param name="written">Its last write time.</param>
    /// <param name="problems">Takes <c>file:line</c> and the reason for each object that alone is no good.</param>
    /// <exception cref="ManifestSyntaxException">The text cannot be read, or something in it is no Kubernetes object.</exception>
    public static List<ManifestObject> Read(string file, string text, DateTimeOffset written, List<string> problems)
    {
        var documents = file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? [YamlDocuments.ReadJson(text)]
            : YamlDocuments.Read(text);
        var objects = new List<ManifestObject>();
        foreach (var document in documents.Where(document => document.Content is not null))
        {
            if (document.Content is not JsonObject whole)
                throw new ManifestSyntaxException(document.Line, "a manifest must be a mapping");
            List<JsonObject> found = [whole];
            if (Text(whole["kind"]) is { } kind && kind.EndsWith("List", StringComparison.Ordinal) && whole["items"] is JsonArray items)
                found = [.. items.Select(item => Item(item, whole, kind, document.Line))];
            foreach (var one in found)
            {
                if (One(file, document.Line, written, one, out var problem) is { } read)
                    objects.Add(read);
                if (problem is not null)
                    problems.Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{document.Line}: {problem}"));
            }
        }
        return objects;
    }

    /// <summary>An item of a typed list, such as IngressList, may leave out its kind and version.</summary>
    private static JsonObject Item(JsonNode? item, JsonObject list, string kind, long line)
    {
        if (item?.DeepClone() is not JsonObject whole)
            throw new ManifestSyntaxException(line, "an item of the list is not a mapping");
        if (kind != "List")
        {
            whole["kind"] ??= kind[..^"List".Length];
            whole["apiVersion"] ??= list["apiVersion"]?.DeepClone();
        }
        return whole;
    }

    private static ManifestObject? One(string file, long line, DateTimeOffset written, JsonObject whole, out string? problem)
    {
        problem = null;
        var metadata = whole["metadata"] as JsonObject;
        if (Text(whole["kind"]) is not { Length: > 0 } kind
            || Text(whole["apiVersion"]) is not { Length: > 0 } version
            || metadata is null
            || Text(metadata["name"]) is not { Length: > 0 } name)
            throw new ManifestSyntaxException(line, "an object needs apiVersion, kind and metadata.name, all of them text");
        if (ResourceKinds.Find(kind) is not { } entry)
            return null;
        if (version != entry.ApiVersion)
        {
            // A Service of another group is another thing; an old Ingress is one that somebody expects to work.
            if (GroupOf(version) == GroupOf(entry.ApiVersion) || kind == nameof(ResourceKind.Ingress))
                problem = $"{kind} {name} is of {version}; {entry.ApiVersion} is read";
            return null;
        }
        var scope = !entry.Namespaced ? "" : Text(metadata["namespace"]) is { Length: > 0 } given ? given : "default";
        if (entry.Namespaced)
            metadata["namespace"] = scope;
        else
            metadata.Remove("namespace");
        return new(new(entry.Kind, scope, name), file, line, written, whole);
    }

    private static string GroupOf(string version) => version.LastIndexOf('/') is >= 0 and var slash ? version[..slash] : "";

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
