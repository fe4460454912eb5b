using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>One state of an object, never changed. It is kept encoded, with what selectors look at beside it.</summary>
internal sealed class StoredObject
{
    // Without kind and apiVersion, which every answer but a built-in kind's list puts in front.
    private readonly byte[] json;

    /// <summary>Takes an object as the rules for writing have left it; it gets its revision here.</summary>
    public StoredObject(ApiResource resource, ObjectKey key, JsonObject content, long revision)
    {
        var metadata = (JsonObject)content["metadata"]!;
        metadata["resourceVersion"] = Wire.Version(revision);
        (Resource, Key, Revision) = (resource, key, revision);
        Labels = (metadata["labels"] as JsonObject ?? []).ToDictionary(label => label.Key, label => $"{label.Value}", StringComparer.Ordinal);
        Fields = resource.SelectableFields.ToDictionary(field => field, field => FieldText(content, field), StringComparer.Ordinal);
        Fields["metadata.name"] = key.Name;
        Fields["metadata.namespace"] = key.Namespace;

        var members = new JsonObject { ["metadata"] = metadata.DeepClone() };
        foreach (var (name, value) in content.Where(member => member.Key is not ("kind" or "apiVersion" or "metadata")))
            members[name] = value?.DeepClone();
        json = Wire.Encode(members);
    }

    /// <summary>Its kind.</summary>
    public ApiResource Resource { get; }

    /// <summary>Its name.</summary>
    public ObjectKey Key { get; }

    /// <summary>The revision that this state came with.</summary>
    public long Revision { get; }

    /// <summary>Its labels.</summary>
    public Dictionary<string, string> Labels { get; }

    /// <summary>What field selectors may name; an unset field is empty.</summary>
    public Dictionary<string, string> Fields { get; }

    /// <summary>A copy that the caller may change, with kind and apiVersion.</summary>
    public JsonObject Copy()
    {
        var copy = new JsonObject { ["kind"] = Resource.Kind, ["apiVersion"] = Resource.ApiVersion };
        var members = (JsonObject)JsonNode.Parse(json)!;
        foreach (var (name, value) in members.ToList())
        {
            members.Remove(name);
            copy[name] = value;
        }
        return copy;
    }

    /// <summary>The same content at a later revision: what a watch shows of an object that is gone.</summary>
    public StoredObject At(long revision) => new(Resource, Key, Copy(), revision);

    /// <summary>Writes it as JSON, with kind and apiVersion.</summary>
    public void WriteTo(Stream stream)
    {
        stream.Write(Resource.TypePrefix.Span);
        stream.Write(json.AsSpan(1));
    }

    /// <summary>Writes it as an item of a list: built-in kinds leave kind and apiVersion away.</summary>
    public void WriteItemTo(Stream stream)
    {
        if (Resource.IsCustom)
            WriteTo(stream);
        else
            stream.Write(json);
    }

    private static string FieldText(JsonObject content, string path)
    {
        JsonNode? node = content;
        foreach (var name in path.Split('.'))
            node = (node as JsonObject)?[name];
        return node is null ? path == "spec.unschedulable" ? "false" : "" : node.ToString();
    }
}
