using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Answers lists.</summary>
internal sealed class ListHandler(ObjectStore store)
{
    private const string ListTooOld = "The resourceVersion for the provided list is too old.";
    private const string ContinueTooOld =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, "
        + "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an "
        + "inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    /// <summary>Writes one page, or all.</summary>
    /// <param name="http">The request.</param>
    /// <param name="resource">The kind.</param>
    /// <param name="options">What of it.</param>
    /// <param name="told">Items that are told of at most, as if there were no others: a fault; null for the truth.</param>
    public async Task HandleAsync(HttpContext http, ApiResource resource, ListOptions options, int? told)
    {
        var (revision, objects, start) = Find(resource, options);
        var candidates = objects
            .Where(stored => string.CompareOrdinal(stored.Key.Path, start) >= 0 && options.Selects(stored))
            .Take(told ?? int.MaxValue)
            .ToList();
        // The watch cache, which answers "0", knows no pages.
        var page = options.Limit > 0 && options.ResourceVersion != 0 ? candidates.Take((int)options.Limit).ToList() : candidates;

        var metadata = new JsonObject { ["resourceVersion"] = Wire.Version(revision) };
        if (page.Count < candidates.Count)
        {
            metadata["continue"] = new ContinueToken(revision, page[^1].Key.Path + "\0").ToString();
            if (options.SelectsAll)
                metadata["remainingItemCount"] = candidates.Count - page.Count;
        }
        await AnswerAsync(http, resource, metadata, page);
    }

    private (long Revision, IEnumerable<StoredObject> Objects, string Start) Find(ApiResource resource, ListOptions options)
    {
        if (options.Continue.Length > 0)
            return Continued(resource, options, ContinueToken.Parse(options.Continue));
        if (options.IsExact || (options is { Limit: > 0, ResourceVersion: > 0 } && !options.IsNotOlderThan))
        {
            var (exact, then) = store.Snapshot(resource, options.ResourceVersion);
            return (exact, then?.Values ?? throw new ApiException(ApiStatus.Expired(ListTooOld)), "");
        }
        var (revision, now) = store.Snapshot(resource);
        if (options.ResourceVersion > revision)
            throw new ApiException(ApiStatus.TooLargeResourceVersion(options.ResourceVersion.Value, revision));
        return (revision, now!.Values, "");
    }

    private (long Revision, IEnumerable<StoredObject> Objects, string Start) Continued(ApiResource resource, ListOptions options, ContinueToken token)
    {
        if (options.ResourceVersion > 0)
            throw new ApiException(ApiStatus.BadRequest("specifying resource version is not allowed when using continue"));
        var (revision, objects) = store.Snapshot(resource, token.Revision == ContinueToken.Newest ? null : token.Revision);
        return objects is not null
            ? (revision, objects.Values, token.Start)
            : throw new ApiException(ApiStatus.Expired(ContinueTooOld) with { Continue = new ContinueToken(ContinueToken.Newest, token.Start).ToString() });
    }

    private static async Task AnswerAsync(HttpContext http, ApiResource resource, JsonObject metadata, List<StoredObject> items)
    {
        var head = new JsonObject { ["kind"] = resource.Kind + "List", ["apiVersion"] = resource.ApiVersion, ["metadata"] = metadata };
        var body = new MemoryStream();
        body.Write(Wire.Encode(head).AsSpan()[..^1]);
        body.Write(",\"items\":["u8);
        for (var at = 0; at < items.Count; at++)
        {
            if (at > 0)
                body.WriteByte((byte)',');
            items[at].WriteItemTo(body);
        }
        body.Write("]}\n"u8);
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), http.RequestAborted);
    }
}
