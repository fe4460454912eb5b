using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace IngressReconciler.Kubernetes;

/// <summary>Which objects are read: one kind, and of it all or some.</summary>
/// <param name="Kind">The kind, as <c>Ingress</c>.</param>
/// <param name="ApiVersion">Group and version, as <c>networking.k8s.io/v1</c>; <c>v1</c> for the core group.</param>
/// <param name="Plural">The name in paths, as <c>ingresses</c>.</param>
public sealed record ObjectQuery(string Kind, string ApiVersion, string Plural)
{
    /// <summary>Objects in one answer at most; 0 for all.</summary>
    public const int PageSize = 500;

    /// <summary>Only in this namespace; null for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Only with these labels, as <c>a=b,c=d</c>.</summary>
    public string? Labels { get; init; }

    /// <summary>Only with these fields, as <c>metadata.name=x</c>.</summary>
    public string? Fields { get; init; }

    /// <summary>Whether every cluster has at least one of them: then an empty list is a lie.</summary>
    public bool NeverEmpty { get; init; }

    /// <summary>Only as they were at this version of another list, so that both show one moment; null for as they are now.</summary>
    public string? At { get; init; }

    /// <summary>The path of the collection below the server's address.</summary>
    public string Path => CollectionPath(Namespace);

    /// <summary>The path of one object.</summary>
    /// <param name="scope">Its namespace; null or empty for none.</param>
    /// <param name="name">Its name.</param>
    public string PathOf(string? scope, string name) => $"{CollectionPath(scope)}/{Uri.EscapeDataString(name)}";

    /// <summary>Lists the objects, page by page; all pages show one moment.</summary>
    /// <param name="server">The API server.</param>
    /// <param name="pageSize">Objects a page; 0 for one page of all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ApiServerException">
    /// It failed; <see cref="ApiServerException.IsExpired"/> when paging took longer than the server remembers: begin anew, with a size of 0.
    /// </exception>
    public async IAsyncEnumerable<ObjectPage> PagesAsync(ApiServer server, int pageSize, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? next = null;
        do
        {
            var at = next is null ? At : null; // a token says it already
            var path = Path + Query(
                ("limit", pageSize == 0 ? null : pageSize.ToString(CultureInfo.InvariantCulture)),
                ("continue", next),
                ("resourceVersion", at),
                ("resourceVersionMatch", at is null ? null : "Exact"));
            var list = await server.ReadAsync(HttpMethod.Get, path, null, cancel);
            if (list["metadata"] is not JsonObject metadata || metadata["resourceVersion"]?.ToString() is not { Length: > 0 } version || list["items"] is not (null or JsonArray))
                throw ApiServerException.Unusable(server.Address, $"gave an answer to {Path} that is no list: see what stands before it");
            var objects = Objects(list["items"] as JsonArray).ToImmutableArray();
            if (NeverEmpty && objects.IsEmpty && next is null)
            {
                throw ApiServerException.Unusable(
                    server.Address,
                    $"gave an empty list of {Plural}, which no cluster has: default/kubernetes is always there. "
                    + "The list is rejected, and nothing counts as gone by it");
            }

            next = metadata["continue"]?.ToString() is { Length: > 0 } token ? token : null;
            yield return new(objects, version);
        }
        while (next is not null);
    }

    /// <summary>Lists all objects at once, as <see cref="PagesAsync"/> does.</summary>
    /// <exception cref="ApiServerException">It failed.</exception>
    public async Task<ObjectPage> ListAsync(ApiServer server, CancellationToken cancel)
    {
        for (var size = PageSize; ; size = 0)
        {
            try
            {
                var objects = ImmutableArray.CreateBuilder<JsonObject>();
                var version = "";
                await foreach (var page in PagesAsync(server, size, cancel))
                {
                    objects.AddRange(page.Objects);
                    version = page.ResourceVersion;
                }

                return new(objects.DrainToImmutable(), version);
            }
            catch (ApiServerException e) when (e.IsExpired && size > 0)
            {
                // Too many pages for what the server remembers: all at once then.
            }
        }
    }

    /// <summary>The query part of a watch from a version on.</summary>
    /// <param name="version">The list's version, or that of the last event.</param>
    /// <param name="end">When the server shall end it.</param>
    public string WatchPath(string version, TimeSpan end) => Path + Query(
        ("watch", "true"),
        ("allowWatchBookmarks", "true"),
        ("resourceVersion", version),
        ("timeoutSeconds", ((int)end.TotalSeconds).ToString(CultureInfo.InvariantCulture)));

    /// <summary>For people: <c>ingresses</c>, or <c>secrets of namespace shop</c>.</summary>
    public override string ToString() => Namespace is null ? Plural : $"{Plural} of namespace {Namespace}";

    private string CollectionPath(string? scope)
    {
        var root = ApiVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{ApiVersion}" : $"api/{ApiVersion}";
        return string.IsNullOrEmpty(scope) ? $"{root}/{Plural}" : $"{root}/namespaces/{Uri.EscapeDataString(scope)}/{Plural}";
    }

    private string Query(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = "";
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[.. parameters, ("labelSelector", Labels), ("fieldSelector", Fields)])
        {
            if (value is not null)
                query += $"{(query.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}";
        }

        return query;
    }

    /// <summary>Objects in a list of a built-in kind do not say what they are.</summary>
    private IEnumerable<JsonObject> Objects(JsonArray? items)
    {
        foreach (var item in items ?? [])
        {
            if (item is not JsonObject one)
                continue;
            one["kind"] ??= Kind;
            one["apiVersion"] ??= ApiVersion;
            yield return one;
        }
    }
}

/// <summary>Objects of a list.</summary>
/// <param name="Objects">The objects, whole.</param>
/// <param name="ResourceVersion">The version of the list.</param>
public sealed record ObjectPage(ImmutableArray<JsonObject> Objects, string ResourceVersion);
