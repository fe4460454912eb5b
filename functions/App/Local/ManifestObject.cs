using System.Text.Json.Nodes;

namespace IngressReconciler.Local;

/// <summary>What names an object among all of a cluster, whatever the version of its API.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Namespace">The namespace; empty for a cluster-scoped kind.</param>
/// <param name="Name">The name.</param>
public readonly record struct ManifestKey(string Group, string Kind, string Namespace, string Name)
{
    /// <summary><c>Kind/namespace/name</c>.</summary>
    public override string ToString() => $"{Kind}/{Namespace}/{Name}";
}

/// <summary>An object as it stands in a manifest file.</summary>
/// <param name="Key">Its name.</param>
/// <param name="File">The file's full path.</param>
/// <param name="Line">The line at which its document begins, from 1.</param>
/// <param name="Written">The file's last write time.</param>
/// <param name="Whole">All of it, secrets included: to be trimmed before it goes anywhere.</param>
public sealed record ManifestObject(ManifestKey Key, string File, long Line, DateTimeOffset Written, JsonObject Whole)
{
    // Kinds without a namespace; every other kind without one lies in "default", as with kubectl.
    private static readonly HashSet<string> ClusterScoped = new(StringComparer.Ordinal)
    {
        "APIService", "CSIDriver", "ClusterRole", "ClusterRoleBinding", "ClusterTrustBundle", "CustomResourceDefinition", "GatewayClass",
        "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass", "RuntimeClass",
        "ServiceCIDR", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingWebhookConfiguration",
    };

    /// <summary>The objects of a file: every document, and of a List each item.</summary>
    /// <param name="file">The file's full path; <c>.json</c> is read as JSON, all else as YAML.</param>
    /// <param name="text">Its content.</param>
    /// <param name="written">Its last write time.</param>
    /// <exception cref="ManifestSyntaxException">The text cannot be read, or something in it is no Kubernetes object.</exception>
    public static List<ManifestObject> Read(string file, string text, DateTimeOffset written)
    {
        var documents = file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? [YamlDocuments.ReadJson(text)]
            : YamlDocuments.Read(text);
        var objects = new List<ManifestObject>();
        foreach (var document in documents.Where(document => document.Content is not null))
        {
            if (document.Content is not JsonObject whole)
                throw new ManifestSyntaxException(document.Line, "a manifest must be a mapping");
            if (Text(whole["kind"]) is { } kind && kind.EndsWith("List", StringComparison.Ordinal) && whole["items"] is JsonArray items)
                foreach (var item in items)
                    objects.Add(One(file, document.Line, written, Item(item, whole, kind, document.Line)));
            else
                objects.Add(One(file, document.Line, written, whole));
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

    private static ManifestObject One(string file, long line, DateTimeOffset written, JsonObject whole)
    {
        var metadata = whole["metadata"] as JsonObject;
        if (Text(whole["kind"]) is not { Length: > 0 } kind
            || Text(whole["apiVersion"]) is not { Length: > 0 } version
            || Text(metadata?["name"]) is not { Length: > 0 } name)
            throw new ManifestSyntaxException(line, "an object needs apiVersion, kind and metadata.name, all of them text");
        var scope = "";
        if (ClusterScoped.Contains(kind))
            metadata!.Remove("namespace");
        else
        {
            scope = Text(metadata!["namespace"]) is { Length: > 0 } given ? given : "default";
            metadata["namespace"] = scope;
        }
        var group = version.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? version[..slash] : "";
        return new(new(group, kind, scope, name), file, line, written, whole);
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
