using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Fields;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>What the server makes of what clients write: it sets what only it may set, and keeps apart what is written apart.</summary>
internal sealed class ObjectRules(TimeProvider clock)
{
    /// <summary>The present, as objects show it.</summary>
    public string Now => Wire.Time(clock.GetUtcNow());

    /// <summary>A new object.</summary>
    /// <param name="resource">Its kind.</param>
    /// <param name="key">Its name.</param>
    /// <param name="content">What its author wrote.</param>
    /// <param name="managed">Who owns its fields.</param>
    /// <param name="status">Whether its status is kept, which no client may write so.</param>
    public JsonObject Create(ApiResource resource, ObjectKey key, JsonObject content, ManagedFields managed, bool status = false)
    {
        if (resource.HasStatus && !status)
            content["status"] = null;
        var metadata = (JsonObject)content["metadata"]!;
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Now;
        metadata["deletionTimestamp"] = null;
        metadata["deletionGracePeriodSeconds"] = null;
        metadata["generation"] = resource.HasGeneration ? 1 : null;
        return Finish(resource, key, content, managed);
    }

    /// <summary>A change of an object; null when it ends there because its last finalizer went.</summary>
    /// <param name="resource">Its kind.</param>
    /// <param name="before">The object.</param>
    /// <param name="content">What it shall be.</param>
    /// <param name="managed">Who owns its fields.</param>
    public static JsonObject? Update(ApiResource resource, StoredObject before, JsonObject content, ManagedFields managed)
    {
        var old = before.Copy();
        var (had, has) = ((JsonObject)old["metadata"]!, (JsonObject)content["metadata"]!);
        foreach (var name in new[] { "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation" })
            has[name] = had[name]?.DeepClone();
        var after = Finish(resource, before.Key, content, managed);
        if (resource.HasGeneration && !JsonNode.DeepEquals(Specification(resource, old), Specification(resource, after)))
            has["generation"] = (long)had["generation"]! + 1;
        return IsOver(after) ? null : after;
    }

    /// <summary>Whether nothing holds an object any more that is being deleted.</summary>
    public static bool IsOver(JsonObject content)
    {
        var metadata = content["metadata"]!;
        return metadata["deletionTimestamp"] is not null
            && metadata["finalizers"] is null or JsonArray { Count: 0 }
            && (metadata["deletionGracePeriodSeconds"] is null || (long)metadata["deletionGracePeriodSeconds"]! == 0);
    }

    /// <summary>Takes away what is null: for the server it is not there.</summary>
    public static void DropNulls(JsonNode? node)
    {
        if (node is JsonArray array)
            foreach (var item in array)
                DropNulls(item);
        if (node is not JsonObject members)
            return;
        foreach (var (name, value) in members.ToList())
        {
            if (value is null)
                members.Remove(name);
            else
                DropNulls(value);
        }
    }

    private static JsonObject Finish(ApiResource resource, ObjectKey key, JsonObject content, ManagedFields managed)
    {
        content["kind"] = resource.Kind;
        content["apiVersion"] = resource.ApiVersion;
        content["metadata"]!["name"] = key.Name;
        content["metadata"]!["namespace"] = resource.Namespaced ? key.Namespace : null;
        managed.WriteTo(content);
        DropNulls(content);
        Fill(content, (JsonObject)JsonNode.Parse($"{{{resource.ZeroMembers}}}")!);
        return content;
    }

    // The server's own types write some members even when they are not set.
    private static void Fill(JsonObject content, JsonObject zero)
    {
        foreach (var (name, value) in zero)
        {
            if (!content.TryGetPropertyValue(name, out var there))
                content[name] = value?.DeepClone();
            else if (there is JsonObject inner && value is JsonObject members)
                Fill(inner, members);
        }
    }

    private static JsonObject Specification(ApiResource resource, JsonObject content)
    {
        var copy = (JsonObject)content.DeepClone();
        copy.Remove("metadata");
        if (resource.HasStatus)
            copy.Remove("status");
        return copy;
    }
}
