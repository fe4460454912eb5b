using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Takes every request along the API server's way: who is it, may they, what is it, do it.</summary>
internal sealed class Dispatcher(
    ObjectStore store, Access access, FaultPlan faults, Requests requests, ListHandler lists, WatchHandler watches, WriteHandler writes)
{
    private static readonly JsonObject ServerVersion = new()
    {
        ["major"] = "1",
        ["minor"] = "34",
        ["gitVersion"] = "v1.34.0",
        ["gitTreeState"] = "clean",
        ["platform"] = "linux/amd64",
    };

    /// <summary>Answers one request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="stop">The server stops.</param>
    public async Task HandleAsync(HttpContext http, CancellationToken stop)
    {
        var request = RequestInfo.Of(http.Request);
        requests.Add(http, request);
        http.Response.Headers["Audit-Id"] = Guid.NewGuid().ToString();
        http.Response.Headers.CacheControl = "no-cache, private";
        try
        {
            if (request is null)
                await PlainAsync(http);
            else
                await ApiAsync(http, request, stop);
        }
        catch (ApiException refused)
        {
            await Answers.StatusAsync(http, refused.Status);
        }
        catch (OperationCanceledException)
        {
            // Nobody is left to answer.
        }
    }

    private Task PlainAsync(HttpContext http)
    {
        access.Authenticate(http.Request);
        return http.Request.Path.Value switch
        {
            "/version" => Answers.JsonAsync(http, StatusCodes.Status200OK, ServerVersion),
            "/readyz" or "/livez" or "/healthz" => Answers.TextAsync(http, StatusCodes.Status200OK, "ok"),
            _ => Answers.PageNotFoundAsync(http),
        };
    }

    private async Task ApiAsync(HttpContext http, RequestInfo request, CancellationToken stop)
    {
        var fault = faults.Take(request);
        if (fault?.Hangs == true)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stop);
            await faults.ReleasedAsync(end.Token);
        }
        if (fault?.Body is { } body)
            http.Response.Body = body(http);
        if (fault?.Instead is { } instead)
        {
            await instead(http);
            return;
        }

        var user = access.Authenticate(http.Request);
        if (request is { Verb: "create", Group: "authorization.k8s.io", Plural: "selfsubjectrulesreviews" }) // which anybody may
        {
            var ns = await RulesReview.NamespaceAsync(http.Request, http.RequestAborted);
            await Answers.JsonAsync(http, StatusCodes.Status201Created, RulesReview.Of(access.Rbac!.RulesFor(user, ns)));
            return;
        }

        access.Authorize(user, request, request.Name.Length > 0 ? request.Name : FieldSelector.Parse($"{http.Request.Query["fieldSelector"]}").Name);
        var resource = store.FindResource(known => (known.Group, known.Version, known.Plural) == (request.Group, request.Version, request.Plural));
        if (resource is null || !IsServed(request, resource))
            await Answers.PageNotFoundAsync(http);
        else
            await ServeAsync(http, request, resource, fault?.ListedItems, stop);
    }

    private static bool IsServed(RequestInfo request, ApiResource resource)
    {
        var isNamespaced = request.Namespace.Length > 0;
        return (resource.Namespaced ? isNamespaced || request.Name.Length == 0 : !isNamespaced)
            && (request.Subresource.Length == 0 || (request.Subresource == "status" && resource.HasStatus));
    }

    private Task ServeAsync(HttpContext http, RequestInfo request, ApiResource resource, int? listed, CancellationToken stop)
    {
        if (!AcceptsJson(http.Request))
            throw new ApiException(ApiStatus.NotAcceptable("application/json"));
        return request.Verb switch
        {
            "list" => lists.HandleAsync(http, resource, ListOptions.Parse(http.Request.Query, request, resource), listed),
            "watch" => watches.HandleAsync(http, resource, ListOptions.Parse(http.Request.Query, request, resource), stop),
            "get" => GetAsync(http, request, resource),
            "create" when request.Name.Length == 0 && (request.Namespace.Length > 0 || !resource.Namespaced) => writes.CreateAsync(http, request, resource),
            "update" when request.Name.Length > 0 => writes.ReplaceAsync(http, request, resource),
            "patch" when request.Name.Length > 0 => writes.PatchAsync(http, request, resource),
            "delete" when request.Subresource.Length == 0 => writes.DeleteAsync(http, request, resource),
            _ => throw new ApiException(ApiStatus.MethodNotAllowed()),
        };
    }

    private Task GetAsync(HttpContext http, RequestInfo request, ApiResource resource) =>
        store.Find(resource, new(request.Namespace, request.Name)) is { } found
            ? Answers.ObjectAsync(http, StatusCodes.Status200OK, found)
            : throw new ApiException(ApiStatus.NotFound(resource, request.Name));

    private static bool AcceptsJson(HttpRequest request)
    {
        var accepted = $"{request.Headers.Accept}".Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return accepted.Length == 0 || accepted.Any(type => type.Split(';')[0] is "application/json" or "application/*" or "*/*");
    }
}
