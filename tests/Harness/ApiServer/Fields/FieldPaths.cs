using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer.Fields;

/// <summary>
/// The fields of an object as JSON Pointers (RFC 6901): each scalar and each list. Lists are atomic here, as those of an Ingress are, and an empty
/// object is no field.
/// </summary>
internal static class FieldPaths
{
    /// <summary>What the server itself sets, which nobody owns.</summary>
    private static readonly HashSet<string> OfServer = new(StringComparer.Ordinal)
    {
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        "managedFields", "selfLink", "generateName",
    };

    /// <summary>The fields that a write may own.</summary>
    /// <param name="content">The object.</param>
    /// <param name="resource">Its kind.</param>
    /// <param name="subresource">What is written: empty for the object itself, <c>status</c> for its status.</param>
    public static HashSet<string> Owned(JsonObject content, ApiResource resource, string subresource)
    {
        var fields = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in content)
        {
            var isWritten = subresource.Length > 0 ? name == "status" : name is not ("kind" or "apiVersion") && !(resource.HasStatus && name == "status");
            if (!isWritten)
                continue;
            if (name != "metadata")
                Add(fields, "/" + Escape(name), value);
            else
                foreach (var (member, data) in ((JsonObject)value!).Where(member => !OfServer.Contains(member.Key)))
                    Add(fields, "/metadata/" + Escape(member), data);
        }
        return fields;
    }

    /// <summary>What stands at a field; null when nothing does.</summary>
    public static JsonNode? Find(JsonObject content, string field) =>
        Segments(field).Aggregate((JsonNode?)content, (node, name) => (node as JsonObject)?[name]);

    /// <summary>Puts a copy of a value at a field, and objects on the way there.</summary>
    public static void Set(JsonObject content, string field, JsonNode? value)
    {
        var segments = Segments(field);
        foreach (var name in segments[..^1])
        {
            if (content[name] is not JsonObject inner)
                content[name] = inner = [];
            content = inner;
        }
        content[segments[^1]] = value?.DeepClone();
    }

    /// <summary>Takes a field away, and below the top level each object that is then empty.</summary>
    public static void Remove(JsonObject content, string field) => Remove(content, Segments(field));

    /// <summary>Whether one field is the other or within it.</summary>
    public static bool Overlap(string one, string other) =>
        one == other || one.StartsWith(other + "/", StringComparison.Ordinal) || other.StartsWith(one + "/", StringComparison.Ordinal);

    /// <summary>As conflicts show it: <c>.status.loadBalancer.ingress</c>.</summary>
    public static string Show(string field) => string.Concat(Segments(field).Select(name => "." + name));

    /// <summary>As <c>managedFields</c> has them: <c>{"f:status":{"f:loadBalancer":{"f:ingress":{}}}}</c>.</summary>
    public static JsonObject ToFieldsV1(IEnumerable<string> fields)
    {
        var tree = new JsonObject();
        foreach (var field in fields.Order(StringComparer.Ordinal))
        {
            var node = tree;
            foreach (var name in Segments(field))
            {
                if (node["f:" + name] is not JsonObject inner)
                    node["f:" + name] = inner = [];
                node = inner;
            }
        }
        return tree;
    }

    /// <summary>Reads what <see cref="ToFieldsV1"/> made.</summary>
    public static HashSet<string> FromFieldsV1(JsonObject tree) => new(Below("", tree), StringComparer.Ordinal);

    private static IEnumerable<string> Below(string field, JsonObject tree) => tree.SelectMany(member =>
    {
        var path = $"{field}/{Escape(member.Key[2..])}";
        return member.Value is JsonObject { Count: > 0 } inner ? Below(path, inner) : [path];
    });

    private static void Add(HashSet<string> fields, string path, JsonNode? value)
    {
        if (value is JsonObject inner)
            foreach (var (name, node) in inner)
                Add(fields, $"{path}/{Escape(name)}", node);
        else
            fields.Add(path);
    }

    private static void Remove(JsonObject content, ReadOnlySpan<string> segments)
    {
        if (segments.Length == 1)
        {
            content.Remove(segments[0]);
            return;
        }
        if (content[segments[0]] is not JsonObject inner)
            return;
        Remove(inner, segments[1..]);
        if (inner.Count == 0 && content.Parent is not null)
            content.Remove(segments[0]);
    }

    private static string[] Segments(string field) =>
        [.. field.Split('/')[1..].Select(name => name.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
