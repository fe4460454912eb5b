using System.Globalization;
using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>A <c>Status</c> object that says why a request failed, in the API server's own words.</summary>
/// <param name="Code">The HTTP status code.</param>
/// <param name="Reason">The machine-readable reason; empty when the server has none.</param>
/// <param name="Message">For people.</param>
public sealed record ApiStatus(int Code, string Reason, string Message)
{
    /// <summary>The <c>details</c> member; null for none.</summary>
    public JsonObject? Details { get; init; }

    /// <summary><c>metadata.continue</c>: a token for a list that is no longer consistent; null for none.</summary>
    public string? Continue { get; init; }

    /// <summary>Seconds for the header <c>Retry-After</c>; null for none.</summary>
    public int? RetryAfterSeconds => (int?)Details?["retryAfterSeconds"];

    /// <summary>The object does not exist.</summary>
    public static ApiStatus NotFound(ApiResource resource, string name) =>
        new(404, "NotFound", $"{resource.GroupResource} \"{name}\" not found") { Details = Named(resource, name) };

    /// <summary>An object of that name exists.</summary>
    public static ApiStatus AlreadyExists(ApiResource resource, string name) =>
        new(409, "AlreadyExists", $"{resource.GroupResource} \"{name}\" already exists") { Details = Named(resource, name) };

    /// <summary>The object is not as the request assumes.</summary>
    public static ApiStatus Conflict(ApiResource resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource.GroupResource} \"{name}\": {why}") { Details = Named(resource, name) };

    /// <summary>The request names a resourceVersion that is not the object's.</summary>
    public static ApiStatus Modified(ApiResource resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>An apply would change fields that others own.</summary>
    /// <param name="conflicts">The owner, as messages show it, and the field's path.</param>
    public static ApiStatus ApplyConflict(IReadOnlyList<(string Owner, string Field)> conflicts)
    {
        var message = conflicts.Count == 1
            ? $"Apply failed with 1 conflict: conflict with {conflicts[0].Owner}: {conflicts[0].Field}"
            : string.Create(CultureInfo.InvariantCulture, $"Apply failed with {conflicts.Count} conflicts: ") + string.Join('\n', conflicts
                .GroupBy(conflict => conflict.Owner, StringComparer.Ordinal)
                .OrderBy(owner => owner.Key, StringComparer.Ordinal)
                .SelectMany(owner => owner.Select(conflict => $"- {conflict.Field}").Prepend($"conflicts with {owner.Key}:")));
        var causes = conflicts.Select(conflict => Cause("FieldManagerConflict", $"conflict with {conflict.Owner}", conflict.Field));
        return new(409, "Conflict", message) { Details = new() { ["causes"] = new JsonArray([.. causes]) } };
    }

    /// <summary>One field of an object, or of the request's options, is not valid.</summary>
    /// <param name="group">The object's API group.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="name">Its name; empty for options.</param>
    /// <param name="field">The field.</param>
    /// <param name="type">The cause, such as <c>FieldValueRequired</c>.</param>
    /// <param name="error">What is wrong, such as <c>Required value: …</c>.</param>
    public static ApiStatus Invalid(string group, string kind, string name, string field, string type, string error)
    {
        var details = DetailsOf(group, kind, name);
        details["causes"] = new JsonArray(Cause(type, error, field));
        return new(422, "Invalid", $"{(group.Length == 0 ? kind : $"{kind}.{group}")} \"{name}\" is invalid: {field}: {error}") { Details = details };
    }

    /// <summary>The request makes no sense.</summary>
    public static ApiStatus BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>What the request asks for is no longer known.</summary>
    public static ApiStatus Expired(string message) => new(410, "Expired", message);

    /// <summary>The request wants a state that is not there yet.</summary>
    public static ApiStatus TooLargeResourceVersion(long wanted, long current) =>
        new(504, "Timeout", string.Create(CultureInfo.InvariantCulture, $"Timeout: Too large resource version: {wanted}, current: {current}"))
        {
            Details = new()
            {
                ["causes"] = new JsonArray(Cause("ResourceVersionTooLarge", "Too large resource version", null)),
                ["retryAfterSeconds"] = 1,
            },
        };

    /// <summary>The request has no credentials that are taken.</summary>
    public static ApiStatus Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>The user may not do that.</summary>
    public static ApiStatus Forbidden(string group, string plural, string name, string why)
    {
        var resource = group.Length == 0 ? plural : $"{plural}.{group}";
        return new(403, "Forbidden", name.Length == 0 ? $"{resource} is forbidden: {why}" : $"{resource} \"{name}\" is forbidden: {why}")
        {
            Details = DetailsOf(group, plural, name),
        };
    }

    /// <summary>Nothing new is taken in a namespace that is being deleted.</summary>
    public static ApiStatus NamespaceTerminating(string group, string plural, string name, string ns)
    {
        var status = Forbidden(group, plural, name, $"unable to create new content in namespace {ns} because it is being terminated");
        var cause = Cause("NamespaceTerminating", $"namespace {ns} is being terminated", "metadata.namespace");
        status.Details!["causes"] = new JsonArray(cause);
        return status;
    }

    /// <summary>The path knows no such method.</summary>
    public static ApiStatus MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource") { Details = [] };

    /// <summary>The body's media type is not taken.</summary>
    public static ApiStatus UnsupportedMediaType(params ReadOnlySpan<string> accepted) => new(
        415,
        "UnsupportedMediaType",
        $"the body of the request was in an unknown format - accepted media types include: {string.Join(", ", accepted)}");

    /// <summary>No media type that the client takes can be had.</summary>
    public static ApiStatus NotAcceptable(params ReadOnlySpan<string> accepted) => new(
        406, "NotAcceptable", $"only the following media types are accepted: {string.Join(", ", accepted)}");

    /// <summary>The server had an accident.</summary>
    public static ApiStatus InternalError(string why) =>
        new(500, "InternalError", $"Internal error occurred: {why}") { Details = new() { ["causes"] = new JsonArray(new JsonObject { ["message"] = why }) } };

    /// <summary>An accident that the server has no reason for.</summary>
    public static ApiStatus Unknown(string message) => new(500, "", message);

    /// <summary>The server, or what it depends on, is not there now.</summary>
    public static ApiStatus ServiceUnavailable(string why) => new(503, "ServiceUnavailable", why);

    /// <summary>The server has not yet read its storage, as in the first moments after its start.</summary>
    /// <param name="retryAfterSeconds">When to try again.</param>
    public static ApiStatus Initializing(int retryAfterSeconds) =>
        new(429, "TooManyRequests", "storage is (re)initializing") { Details = new() { ["retryAfterSeconds"] = retryAfterSeconds } };

    /// <summary>The object as it is sent.</summary>
    public JsonObject ToJson()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = Continue is null ? [] : new JsonObject { ["continue"] = Continue },
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason.Length > 0)
            status["reason"] = Reason;
        if (Details is not null)
            status["details"] = Details.DeepClone();
        status["code"] = Code;
        return status;
    }

    private static JsonObject Named(ApiResource resource, string name) => DetailsOf(resource.Group, resource.Plural, name);

    private static JsonObject DetailsOf(string group, string kind, string name)
    {
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (group.Length > 0)
            details["group"] = group;
        details["kind"] = kind;
        return details;
    }

    private static JsonObject Cause(string type, string message, string? field)
    {
        var cause = new JsonObject { ["reason"] = type, ["message"] = message };
        if (field is not null)
            cause["field"] = field;
        return cause;
    }
}

/// <summary>A request fails with a <see cref="ApiStatus"/>.</summary>
/// <param name="status">What the client is told.</param>
public sealed class ApiException(ApiStatus status) : Exception(status.Message)
{
    /// <summary>What the client is told.</summary>
    public ApiStatus Status { get; } = status;
}
