using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;

namespace IngressReconciler.ManifestFolders;

/// <summary>
/// What a manifest file holds: each document by itself, so that what is wrong in one costs no other, and a document whose text is the
/// same as before is not read again.
/// </summary>
public sealed class ManifestFile
{
    private readonly string text;
    private readonly List<Part> parts;

    private ManifestFile(string text, List<Part> parts, IReadOnlyList<ManifestObject> objects, IReadOnlyList<string> problems) =>
        (this.text, this.parts, Objects, Problems) = (text, parts, objects, problems);

    /// <summary>A file that was never read.</summary>
    public static ManifestFile Empty { get; } = new("", [], [], []);

    /// <summary>
    /// The objects that routing reads, in order. An object that is refused stays as it was before, as on an API server; and while a
    /// document is no YAML, whatever the file had before and now lacks stays too, for the document may be just that.
    /// </summary>
    public IReadOnlyList<ManifestObject> Objects { get; }

    /// <summary>What cannot be used, why and what to do, each beginning with <c>file:line</c>.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>Reads a file; the same instance as before when it has not changed.</summary>
    /// <param name="file">Its full path.</param>
    /// <param name="text">Its content.</param>
    /// <param name="written">Its last write time.</param>
    /// <param name="before">What it held when it was last read.</param>
    public static ManifestFile Read(string file, string text, DateTimeOffset written, ManifestFile before)
    {
        if (text == before.text)
            return before;
        var known = before.parts.ToLookup(part => part.Text, StringComparer.Ordinal);
        var parts = new List<Part>();
        var objects = new List<ManifestObject>();
        var problems = new List<string>();
        foreach (var document in YamlDocuments.Split(text))
        {
            var part = known[document.Text].FirstOrDefault() ?? Read(document, file, written);
            parts.Add(part);
            objects.AddRange(part.Objects.Select(one =>
                document.Line + one.Offset == one.Object.Line ? one.Object : one.Object with { Line = document.Line + one.Offset }));
            problems.AddRange(part.Problems.Select(problem =>
                string.Create(CultureInfo.InvariantCulture, $"{file}:{document.Line + problem.Offset}: {problem.Reason}")));
        }
        var present = objects.Select(one => one.Key).ToHashSet();
        var broken = parts.Any(part => part.Broken);
        var refused = parts.SelectMany(part => part.Refused).ToHashSet();
        objects.AddRange(before.Objects.Where(one => !present.Contains(one.Key) && (broken || refused.Contains(one.Key))));
        return new(text, parts, objects, problems);
    }

    private static Part Read(DocumentText document, string file, DateTimeOffset written)
    {
        var part = new Part(document.Text);
        try
        {
            foreach (var read in YamlDocuments.Read(document))
            {
                var offset = read.Line - document.Line;
                foreach (var (line, key) in read.Doubled)
                    part.Problems.Add(new(
                        line - document.Line,
                        $"the key {KubernetesName.Show(key)} stands twice in one mapping; "
                        + "this one counts, as with kubectl: delete one of them"));
                if (read.Content is JsonObject whole)
                    new Documents(part, file, written, document.Line, offset).Add(whole);
                else if (read.Content is not null)
                    part.Problems.Add(new(
                        offset, "no Kubernetes object, for that is a mapping with apiVersion, kind and metadata.name; passed over"));
            }
        }
        catch (ManifestSyntaxException exception)
        {
            part.Broken = true;
            var what = document.Text.Contains("{{", StringComparison.Ordinal)
                ? "a template ({{ … }}) and no manifest: render it, as 'helm template' does, and put here what comes out"
                : $"no YAML: {exception.Message.TrimEnd('.')}";
            part.Problems.Add(new(exception.Line - document.Line, $"{what}; until it is mended, what the file had before stays"));
        }
        return part;
    }

    /// <summary>One document, lines counted from its first.</summary>
    private sealed class Part(string text)
    {
        public string Text => text;

        public List<(long Offset, ManifestObject Object)> Objects { get; } = [];

        public List<(long Offset, string Reason)> Problems { get; } = [];

        public List<ResourceKey> Refused { get; } = [];

        public bool Broken { get; set; }
    }

    /// <summary>Adds the objects of a document to its part: itself, or of a List each item.</summary>
    private sealed class Documents(Part part, string file, DateTimeOffset written, long firstLine, long offset)
    {
        public void Add(JsonObject whole, string where = "")
        {
            var kind = Text(whole["kind"]);
            if (whole["items"] is JsonArray items && kind?.EndsWith("List", StringComparison.Ordinal) == true
                && (kind == "List" || ResourceKinds.Find(kind[..^"List".Length]) is not null))
            {
                for (var i = 0; i < items.Count; i++)
                    AddItem(items[i], whole, kind, string.Create(CultureInfo.InvariantCulture, $"{where}items[{i}]"));
                return;
            }
            if (kind is not { Length: > 0 } || Text(whole["apiVersion"]) is not { Length: > 0 } version)
                Problem(
                    where,
                    $"no Kubernetes object: {(kind is { Length: > 0 } ? "apiVersion" : "kind")} is missing; passed over. "
                    + "Complete it, or keep what is no manifest elsewhere");
            else if (ResourceKinds.Find(kind) is { } entry && ResourceKinds.All.Contains(entry))
                Add(whole, entry, version, where);
        }

        /// <summary>An item of a typed list, such as IngressList, may leave out its kind and version.</summary>
        private void AddItem(JsonNode? item, JsonObject list, string kind, string where)
        {
            if (item?.DeepClone() is not JsonObject whole)
            {
                Problem(where, "no Kubernetes object, for that is a mapping; passed over");
                return;
            }
            if (kind != "List")
            {
                whole["kind"] ??= kind[..^"List".Length];
                whole["apiVersion"] ??= list["apiVersion"]?.DeepClone();
            }
            Add(whole, $"{where}.");
        }

        private void Add(JsonObject whole, ResourceKinds.Entry entry, string version, string where)
        {
            var metadata = whole["metadata"] as JsonObject;
            foreach (var field in (string[])["name", "namespace"])
                if (metadata?[field] is { } given && Text(given) is null)
                {
                    Problem(
                        where,
                        $"the {entry.Kind}'s metadata.{field} is {KubernetesName.Show(given.ToJsonString())} and no text; "
                        + "passed over. Put it in quotes");
                    return;
                }
            var name = Text(metadata?["name"]);
            if (metadata is null || string.IsNullOrEmpty(name))
            {
                if (version == entry.ApiVersion)
                    Problem(where, $"the {entry.Kind} has no metadata.name; passed over. Give it one" + (metadata?["generateName"] is null
                        ? ""
                        : ", for generateName makes an object only when it is created on an API server"));
                return;
            }
            var scope = !entry.Namespaced ? "" : Text(metadata["namespace"]) is { Length: > 0 } stated ? stated : "default";
            var key = new ResourceKey(entry.Kind, scope, name);
            if (version != entry.ApiVersion)
            {
                // A Service of another group is another thing; an old Ingress is one that somebody expects to work.
                if (GroupOf(version) == GroupOf(entry.ApiVersion) || entry.Kind == ResourceKind.Ingress)
                    Problem(
                        where,
                        $"{key}: apiVersion is {KubernetesName.Show(version)}; write {entry.ApiVersion}, which alone is read "
                        + "('kubectl convert' changes it over)");
                return;
            }
            if (ManifestObject.Read(whole, key, file, firstLine + offset, written, out var refusal) is { } read)
                part.Objects.Add((offset, read));
            if (refusal is null)
                return;
            part.Refused.Add(key);
            Problem(where, refusal);
        }

        private void Problem(string where, string reason) =>
            part.Problems.Add(new(offset, where.Length == 0 ? reason : $"{where.TrimEnd('.')}: {reason}"));

        private static string GroupOf(string version) => version.LastIndexOf('/') is >= 0 and var slash ? version[..slash] : "";

        private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
    }
}
