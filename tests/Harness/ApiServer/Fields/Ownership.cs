using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer.Fields;

/// <summary>How writes change an object and who owns its fields.</summary>
internal static class Ownership
{
    /// <summary>Server-side apply: the manager's fields become exactly those that it applies.</summary>
    /// <param name="content">The live object, which is changed.</param>
    /// <param name="applied">What is applied.</param>
    /// <param name="resource">Its kind.</param>
    /// <param name="manager">Who applies.</param>
    /// <param name="managed">Who owns what, which is changed.</param>
    /// <param name="force">Whether to take from others what they have otherwise.</param>
    /// <exception cref="ApiException">Others own what would change, and it is not forced.</exception>
    public static void Apply(JsonObject content, JsonObject applied, ApiResource resource, FieldManager manager, ManagedFields managed, bool force)
    {
        var wanted = FieldPaths.Owned(applied, resource, manager.Subresource);
        var changed = wanted.Where(field => !JsonNode.DeepEquals(FieldPaths.Find(content, field), FieldPaths.Find(applied, field))).ToList();
        var conflicts = managed.OfOthers(manager).Where(owned => changed.Exists(field => FieldPaths.Overlap(field, owned.Field))).ToList();
        if (conflicts.Count > 0 && !force)
            throw new ApiException(ApiStatus.ApplyConflict([.. conflicts.Select(conflict => (conflict.Owner, FieldPaths.Show(conflict.Field)))]));
        managed.TakeFromOthers(manager, changed);

        var kept = managed.OfOthers(manager).Select(owned => owned.Field).Concat(wanted).ToHashSet(StringComparer.Ordinal);
        foreach (var dropped in managed.Of(manager).Where(field => !kept.Any(other => FieldPaths.Overlap(field, other))))
            FieldPaths.Remove(content, dropped);
        foreach (var field in changed)
            FieldPaths.Set(content, field, FieldPaths.Find(applied, field));
        managed.Assign(manager, wanted);
    }

    /// <summary>After an update: the manager owns besides what it owned what it changed, and nobody else does.</summary>
    /// <param name="before">The object before; null for one that is new.</param>
    /// <param name="after">The object now.</param>
    /// <param name="resource">Its kind.</param>
    /// <param name="manager">Who updated.</param>
    /// <param name="managed">Who owns what, which is changed.</param>
    public static void Update(JsonObject? before, JsonObject after, ApiResource resource, FieldManager manager, ManagedFields managed)
    {
        var had = before is null ? [] : FieldPaths.Owned(before, resource, manager.Subresource);
        var has = FieldPaths.Owned(after, resource, manager.Subresource);
        var changed = has
            .Where(field => before is null || !JsonNode.DeepEquals(FieldPaths.Find(before, field), FieldPaths.Find(after, field)))
            .ToHashSet(StringComparer.Ordinal);
        managed.TakeFromOthers(manager, [.. changed, .. had.Except(has)]);
        managed.Assign(manager, [.. managed.Of(manager).Intersect(has), .. changed]);
    }
}
