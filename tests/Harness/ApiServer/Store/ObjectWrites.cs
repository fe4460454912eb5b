using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Fields;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>Every way in which an object is written through the API.</summary>
internal sealed class ObjectWrites(ObjectStore store, ObjectRules rules)
{
    private readonly ConcurrentDictionary<string, bool> terminating = new(StringComparer.Ordinal);

    /// <summary>From now on nothing new is taken in a namespace; what is there may be changed.</summary>
    public void Terminate(string ns) => terminating[ns] = true;

    /// <summary>POST.</summary>
    /// <exception cref="ApiException">There is one of that name, or the namespace takes nothing new.</exception>
    public Written Create(ApiResource resource, ObjectKey key, JsonObject content, FieldManager manager) => store.Write(resource, key, live =>
    {
        Admit(resource, key);
        if (live is not null)
            throw new ApiException(ApiStatus.AlreadyExists(resource, key.Name));
        return New(resource, key, content, manager);
    });

    /// <summary>PUT.</summary>
    /// <exception cref="ApiException">There is none, or it is not the one that the client knows.</exception>
    public Written Replace(ApiResource resource, ObjectKey key, JsonObject content, FieldManager manager) =>
        store.Write(resource, key, live => Changed(resource, Existing(resource, key, live), content, manager, isPatch: false));

    /// <summary>PATCH with a JSON Merge Patch (RFC 7386).</summary>
    /// <exception cref="ApiException">There is none, or it is not the one that the client knows.</exception>
    public Written Merge(ApiResource resource, ObjectKey key, JsonObject patch, FieldManager manager) => store.Write(resource, key, live =>
    {
        var existing = Existing(resource, key, live);
        var content = existing.Copy();
        MergeInto(content, patch);
        return Changed(resource, existing, content, manager, isPatch: true);
    });

    /// <summary>PATCH with server-side apply.</summary>
    /// <exception cref="ApiException">It conflicts with other managers, or only a status was to be applied and there is no object.</exception>
    public Written Apply(ApiResource resource, ObjectKey key, JsonObject applied, FieldManager manager, bool force) => store.Write(resource, key, live =>
    {
        if (live is null && manager.Subresource.Length == 0)
        {
            Admit(resource, key);
            return New(resource, key, applied, manager);
        }

        var existing = Existing(resource, key, live);
        ObjectRules.DropNulls(applied);
        CheckPreconditions(resource, existing, applied);
        var content = existing.Copy();
        var managed = new ManagedFields(resource, content, rules.Now);
        Ownership.Apply(content, applied, resource, manager, managed, force);
        return ObjectRules.Update(resource, existing, content, managed);
    });

    /// <summary>Create or update from outside, past all preconditions: what is written is there, except that a missing status leaves the live one.</summary>
    public Written Put(ApiResource resource, ObjectKey key, JsonObject content)
    {
        var manager = new FieldManager("test", Applies: false, "");
        ObjectRules.DropNulls(content);
        return store.Write(resource, key, live =>
        {
            var before = live?.Copy();
            var managed = new ManagedFields(resource, before, rules.Now);
            if (live is null)
            {
                Ownership.Update(null, content, resource, manager, managed);
                return rules.Create(resource, key, content, managed, status: true);
            }
            if (resource.HasStatus && !content.ContainsKey("status"))
                content["status"] = before!["status"]?.DeepClone();
            Ownership.Update(before, content, resource, manager, managed);
            return ObjectRules.Update(resource, live, content, managed);
        });
    }

    /// <summary>As the admission plug-in NamespaceLifecycle does.</summary>
    private void Admit(ApiResource resource, ObjectKey key)
    {
        if (terminating.ContainsKey(key.Namespace))
            throw new ApiException(ApiStatus.NamespaceTerminating(resource.Group, resource.Plural, key.Name, key.Namespace));
    }

    private JsonObject New(ApiResource resource, ObjectKey key, JsonObject content, FieldManager manager)
    {
        ObjectRules.DropNulls(content);
        var managed = new ManagedFields(resource, null, rules.Now);
        if (manager.Applies)
            managed.Assign(manager, FieldPaths.Owned(content, resource, ""));
        else
            Ownership.Update(null, content, resource, manager, managed);
        return rules.Create(resource, key, content, managed);
    }

    private JsonObject? Changed(ApiResource resource, StoredObject live, JsonObject content, FieldManager manager, bool isPatch)
    {
        if (resource.IsCustom && !isPatch && content["metadata"]!["resourceVersion"] is null)
        {
            // The server names the resource here where it names the kind elsewhere.
            throw new ApiException(ApiStatus.Invalid(
                resource.Group, resource.Plural, live.Key.Name, "metadata.resourceVersion", "FieldValueInvalid",
                "Invalid value: 0: must be specified for an update"));
        }
        ObjectRules.DropNulls(content);
        CheckPreconditions(resource, live, content);
        var before = live.Copy();
        if (manager.Subresource.Length > 0)
        {
            var status = content["status"]?.DeepClone();
            content = live.Copy();
            content["status"] = status;
        }
        else if (resource.HasStatus)
            content["status"] = before["status"]?.DeepClone();
        var managed = new ManagedFields(resource, before, rules.Now);
        Ownership.Update(before, content, resource, manager, managed);
        return ObjectRules.Update(resource, live, content, managed);
    }

    private static StoredObject Existing(ApiResource resource, ObjectKey key, StoredObject? live) =>
        live ?? throw new ApiException(ApiStatus.NotFound(resource, key.Name));

    private static void CheckPreconditions(ApiResource resource, StoredObject live, JsonObject content)
    {
        var metadata = content["metadata"];
        if ((string?)metadata?["resourceVersion"] is { Length: > 0 } version && version != Wire.Version(live.Revision))
            throw new ApiException(ApiStatus.Modified(resource, live.Key.Name));
        var actual = (string)live.Copy()["metadata"]!["uid"]!;
        if ((string?)metadata?["uid"] is { Length: > 0 } uid && uid != actual)
            throw new ApiException(ApiStatus.Conflict(
                resource, live.Key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {actual}"));
    }

    private static void MergeInto(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is not JsonObject inner)
                target[name] = value?.DeepClone();
            else
            {
                if (target[name] is not JsonObject existing)
                    target[name] = existing = [];
                MergeInto(existing, inner);
            }
        }
    }
}
