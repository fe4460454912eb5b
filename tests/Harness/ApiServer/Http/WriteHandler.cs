using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Fields;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Answers what changes objects.</summary>
internal sealed class WriteHandler(ObjectWrites writes, ObjectDeletion deletion)
{
    private const string MergePatch = "application/merge-patch+json";
    private const string ApplyPatch = "application/apply-patch+yaml";

    /// <summary>POST to a collection.</summary>
    public async Task CreateAsync(HttpContext http, RequestInfo request, ApiResource resource)
    {
        var content = await RequestBody.ReadObjectAsync(http.Request, resource, http.RequestAborted);
        var metadata = (JsonObject)content["metadata"]!;
        CheckNamespace(metadata, request);
        if ((string?)metadata["name"] is not { Length: > 0 } name)
        {
            name = (string?)metadata["generateName"] is { Length: > 0 } prefix
                ? prefix + RandomNumberGenerator.GetString("bcdfghjklmnpqrstvwxz2456789", 5)
                : throw new ApiException(ApiStatus.Invalid(
                    resource.Group, resource.Kind, "", "metadata.name", "FieldValueRequired", "Required value: name or generateName is required"));
        }
        if (metadata["resourceVersion"] is not null)
            throw new ApiException(ApiStatus.Unknown("resourceVersion should not be set on objects to be created"));
        var written = writes.Create(resource, new(request.Namespace, name), content, Manager(http.Request, request, applies: false));
        await Answers.ObjectAsync(http, StatusCodes.Status201Created, written.Object);
    }

    /// <summary>PUT of an object or its status.</summary>
    public async Task ReplaceAsync(HttpContext http, RequestInfo request, ApiResource resource)
    {
        var content = await RequestBody.ReadObjectAsync(http.Request, resource, http.RequestAborted);
        var metadata = (JsonObject)content["metadata"]!;
        CheckNamespace(metadata, request);
        CheckName(metadata, request);
        await AnswerAsync(http, writes.Replace(resource, Key(request), content, Manager(http.Request, request, applies: false)));
    }

    /// <summary>PATCH of an object or its status.</summary>
    public async Task PatchAsync(HttpContext http, RequestInfo request, ApiResource resource)
    {
        var type = RequestBody.MediaType(http.Request);
        if (type is not (MergePatch or ApplyPatch))
            throw new ApiException(ApiStatus.UnsupportedMediaType(MergePatch, ApplyPatch));
        var (applies, force) = (type == ApplyPatch, http.Request.Query.ContainsKey("force"));
        if (applies && $"{http.Request.Query["fieldManager"]}".Length == 0)
            throw InvalidOption("fieldManager", "FieldValueRequired", "Required value: is required for apply patch");
        if (!applies && force)
            throw InvalidOption("force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch");

        var patch = await RequestBody.ReadAsync(http.Request, resource.Kind, http.RequestAborted)
            ?? throw new ApiException(ApiStatus.BadRequest("error decoding patch: unexpected end of JSON input"));
        var manager = Manager(http.Request, request, applies);
        if (applies)
        {
            CheckApplied(patch, request, resource);
            await AnswerAsync(http, writes.Apply(resource, Key(request), patch, manager, force && ListOptions.IsTrue(http.Request.Query["force"])));
        }
        else
            await AnswerAsync(http, writes.Merge(resource, Key(request), patch, manager));
    }

    /// <summary>DELETE of an object.</summary>
    public async Task DeleteAsync(HttpContext http, RequestInfo request, ApiResource resource)
    {
        var body = await RequestBody.ReadAsync(http.Request, "DeleteOptions", http.RequestAborted);
        var preconditions = body?["preconditions"];
        var grace = (long?)body?["gracePeriodSeconds"]
            ?? (long.TryParse(http.Request.Query["gracePeriodSeconds"], out var seconds) ? seconds : null);
        var written = deletion.Delete(resource, Key(request), new(grace, (string?)preconditions?["uid"], (string?)preconditions?["resourceVersion"]));
        // Pods and Services are answered with what they were, other kinds with a mere success.
        if (!written.Removed || resource is { Group: "", Kind: "Pod" or "Service" })
            await Answers.ObjectAsync(http, StatusCodes.Status200OK, written.Object);
        else
            await Answers.JsonAsync(http, StatusCodes.Status200OK, Success(written.Object));
    }

    private static Task AnswerAsync(HttpContext http, Written written) =>
        Answers.ObjectAsync(http, written.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK, written.Object);

    private static ObjectKey Key(RequestInfo request) => new(request.Namespace, request.Name);

    private static FieldManager Manager(HttpRequest http, RequestInfo request, bool applies)
    {
        var (named, client) = ($"{http.Query["fieldManager"]}", $"{http.Headers.UserAgent}".Split('/')[0]);
        return new(named.Length > 0 ? named : client.Length > 0 ? client : "unknown", applies, request.Subresource);
    }

    private static void CheckNamespace(JsonObject metadata, RequestInfo request)
    {
        if ((string?)metadata["namespace"] is { Length: > 0 } ns && request.Namespace.Length > 0 && ns != request.Namespace)
            throw new ApiException(ApiStatus.BadRequest("the namespace of the provided object does not match the namespace sent on the request"));
    }

    private static void CheckName(JsonObject metadata, RequestInfo request)
    {
        var name = (string?)metadata["name"];
        if (string.IsNullOrEmpty(name))
            throw new ApiException(ApiStatus.BadRequest($"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided"));
        if (name != request.Name)
            throw new ApiException(ApiStatus.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})"));
    }

    private static void CheckApplied(JsonObject applied, RequestInfo request, ApiResource resource)
    {
        if (applied["kind"] is null || applied["apiVersion"] is null)
            throw new ApiException(ApiStatus.BadRequest("invalid object type: /, Kind="));
        if ((string?)applied["apiVersion"] is { } version && version != resource.ApiVersion)
            throw new ApiException(ApiStatus.BadRequest(
                $"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {resource.ApiVersion}"));
        if (applied["metadata"] is not JsonObject metadata)
            applied["metadata"] = metadata = new() { ["name"] = request.Name };
        if (metadata["managedFields"] is not null)
            throw new ApiException(ApiStatus.BadRequest("metadata.managedFields must be nil"));
        CheckNamespace(metadata, request);
        metadata["name"] ??= request.Name;
        CheckName(metadata, request);
    }

    private static ApiException InvalidOption(string field, string type, string error) =>
        new(ApiStatus.Invalid("meta.k8s.io", "PatchOptions", "", field, type, error));

    private static JsonObject Success(StoredObject gone)
    {
        var details = new JsonObject { ["name"] = gone.Key.Name };
        if (gone.Resource.Group.Length > 0)
            details["group"] = gone.Resource.Group;
        details["kind"] = gone.Resource.Plural;
        details["uid"] = gone.Copy()["metadata"]!["uid"]!.DeepClone();
        return new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details };
    }
}
