using System.Globalization;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>The query parameters of a list or a watch, checked.</summary>
internal sealed record ListOptions
{
    private const string Exact = "Exact";
    private const string NotOlderThan = "NotOlderThan";

    /// <summary>Objects of one namespace only; empty for all.</summary>
    public required string Namespace { get; init; }

    /// <summary><c>labelSelector</c>.</summary>
    public required LabelSelector Labels { get; init; }

    /// <summary><c>fieldSelector</c>.</summary>
    public required FieldSelector Fields { get; init; }

    /// <summary><c>limit</c>: items of a page; 0 for all.</summary>
    public required long Limit { get; init; }

    /// <summary><c>continue</c>; empty for the first page.</summary>
    public required string Continue { get; init; }

    /// <summary><c>resourceVersion</c>; null when unset.</summary>
    public required long? ResourceVersion { get; init; }

    /// <summary>Whether <c>resourceVersionMatch=Exact</c>.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Whether <c>resourceVersionMatch=NotOlderThan</c>.</summary>
    public required bool IsNotOlderThan { get; init; }

    /// <summary><c>sendInitialEvents</c>; null when unset.</summary>
    public required bool? SendInitialEvents { get; init; }

    /// <summary><c>allowWatchBookmarks</c>.</summary>
    public required bool AllowWatchBookmarks { get; init; }

    /// <summary><c>timeoutSeconds</c>; null or 0 for a long time.</summary>
    public required long? TimeoutSeconds { get; init; }

    /// <summary>Whether every object is wanted.</summary>
    public bool SelectsAll => Labels.IsEmpty && Fields.IsEmpty;

    /// <summary>Reads them.</summary>
    /// <exception cref="ApiException">They make no sense.</exception>
    public static ListOptions Parse(IQueryCollection query, RequestInfo request, ApiResource resource)
    {
        var match = $"{query["resourceVersionMatch"]}";
        var options = new ListOptions
        {
            Namespace = request.Namespace,
            Labels = LabelSelector.Parse($"{query["labelSelector"]}"),
            Fields = FieldSelector.Parse($"{query["fieldSelector"]}"),
            Limit = Number(query["limit"]) ?? 0,
            Continue = $"{query["continue"]}",
            ResourceVersion = Revision($"{query["resourceVersion"]}"),
            IsExact = match == Exact,
            IsNotOlderThan = match == NotOlderThan,
            SendInitialEvents = query.ContainsKey("sendInitialEvents") ? IsTrue(query["sendInitialEvents"]) : null,
            AllowWatchBookmarks = IsTrue(query["allowWatchBookmarks"]),
            TimeoutSeconds = Number(query["timeoutSeconds"]),
        };
        options.Check(match, request.Verb == "watch");
        options.Fields.Check(resource);
        return options;
    }

    /// <summary>A switch in a query: there, and not <c>false</c> or <c>0</c>.</summary>
    public static bool IsTrue(StringValues value) => value is [{ } text, ..] && text is not "0" && !text.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether an object is wanted.</summary>
    public bool Selects(StoredObject stored) =>
        (Namespace.Length == 0 || Namespace == stored.Key.Namespace) && Labels.Matches(stored.Labels) && Fields.Matches(stored.Fields);

    private void Check(string match, bool watch)
    {
        if (watch && SendInitialEvents is not null && !IsNotOlderThan)
            throw Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (!watch && SendInitialEvents is not null)
            throw Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        if (match.Length == 0)
            return;
        if (watch && SendInitialEvents is null)
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        if (!watch && ResourceVersion is null)
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (Continue.Length > 0)
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
        if (!IsExact && !IsNotOlderThan)
            throw Invalid(
                "FieldValueNotSupported", "resourceVersionMatch", $"Unsupported value: \"{match}\": supported values: \"{Exact}\", \"{NotOlderThan}\", \"\"");
        if (IsExact && ResourceVersion == 0)
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }

    private static ApiException Forbidden(string field, string why) => Invalid("FieldValueForbidden", field, $"Forbidden: {why}");

    private static ApiException Invalid(string type, string field, string error) =>
        new(ApiStatus.Invalid("meta.k8s.io", "ListOptions", "", field, type, error));

    private static long? Number(StringValues value)
    {
        if (value is not [{ Length: > 0 } text, ..])
            return null;
        return long.TryParse(text, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ApiException(ApiStatus.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax"));
    }

    private static long? Revision(string text)
    {
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : throw new ApiException(ApiStatus.Unknown($"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"));
    }
}
