using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>What a client asks of a deletion.</summary>
/// <param name="GracePeriodSeconds">How long a Pod may still run; null for what the Pod says.</param>
/// <param name="Uid">The uid that the object must have; null for any.</param>
/// <param name="ResourceVersion">The resourceVersion that it must have; null for any.</param>
internal sealed record DeleteOptions(long? GracePeriodSeconds = null, string? Uid = null, string? ResourceVersion = null);

/// <summary>Deletes objects: at once, or, where finalizers or a grace period hold them, by marking them first.</summary>
internal sealed class ObjectDeletion(ObjectStore store, TimeProvider clock)
{
    private const long DefaultGracePeriod = 30;

    /// <summary>DELETE.</summary>
    /// <exception cref="ApiException">There is none, or it is not the one that the client knows.</exception>
    public Written Delete(ApiResource resource, ObjectKey key, DeleteOptions options) => store.Write(resource, key, live =>
    {
        var content = live?.Copy() ?? throw new ApiException(ApiStatus.NotFound(resource, key.Name));
        var metadata = (JsonObject)content["metadata"]!;
        Check(resource, key, options, metadata);
        var grace = resource is { Group: "", Kind: "Pod" } ? GracePeriod(content, options) : 0;
        var pending = (long?)metadata["deletionGracePeriodSeconds"];
        if (metadata["deletionTimestamp"] is null || grace < pending)
        {
            metadata["deletionTimestamp"] = Wire.Time(clock.GetUtcNow().AddSeconds(grace));
            metadata["deletionGracePeriodSeconds"] = grace;
            if (pending is null && metadata["generation"] is { } generation)
                metadata["generation"] = (long)generation + 1;
        }
        return ObjectRules.IsOver(content) ? null : content;
    });

    private static long GracePeriod(JsonObject pod, DeleteOptions options)
    {
        var isIdle = pod["spec"]?["nodeName"] is null || (string?)pod["status"]?["phase"] is "Succeeded" or "Failed";
        return isIdle ? 0 : options.GracePeriodSeconds ?? (long?)pod["spec"]!["terminationGracePeriodSeconds"] ?? DefaultGracePeriod;
    }

    private static void Check(ApiResource resource, ObjectKey key, DeleteOptions options, JsonObject metadata)
    {
        var (uid, version) = ((string)metadata["uid"]!, (string)metadata["resourceVersion"]!);
        if (options.Uid is { } wantedUid && wantedUid != uid)
            throw Conflict(resource, key, "UID", wantedUid, uid, "deleted and then recreated");
        if (options.ResourceVersion is { } wanted && wanted != version)
            throw Conflict(resource, key, "ResourceVersion", wanted, version, "modified");
    }

    // The server names the kind here where it names the resource elsewhere.
    private static ApiException Conflict(ApiResource resource, ObjectKey key, string what, string wanted, string actual, string perhaps) =>
        new(ApiStatus.Conflict(
            resource with { Plural = resource.Kind },
            key.Name,
            $"the {what} in the precondition ({wanted}) does not match the {what} in record ({actual}). The object might have been {perhaps}"));
}
