namespace IngressReconciler.Local;

/// <summary>
/// Passes the raw request of an HTTP function on to the handler (path with its <c>/api</c> prefix, query, method, headers, body) and
/// the raw answer back, whatever its status. Keys are checked here; the handler never sees a request without one.
/// </summary>
/// <param name="handler">The handler.</param>
/// <param name="keys">The keys that <c>authLevel</c> asks for.</param>
/// <param name="timeout"><c>functionTimeout</c>: when it passes the handler is killed.</param>
public sealed class HttpTriggers(HandlerProcess handler, FunctionKeys keys, TimeSpan timeout)
{
    // RFC 9110, section 7.6.1: these belong to one connection. Host is set from the address.
    private static readonly HashSet<string> OneHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host",
    };

    /// <summary>Answers one request for <paramref name="function"/>.</summary>
    public async Task AnswerAsync(HttpContext http, FunctionFile function)
    {
        var allowed = function.AuthLevel.ToUpperInvariant() switch
        {
            "ANONYMOUS" => true,
            "ADMIN" => keys.Opens(http.Request, keys.Master),
            _ => keys.OpensFunction(http.Request, function.Name),
        };
        if (!allowed)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        using var deadline = new CancellationTokenSource(timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, deadline.Token);
        HandlerProcess.Run? run = null;
        try
        {
            run = await handler.ReadyAsync(either.Token);
            using var request = Request(http.Request, run.Address);
            using var answer = await handler.SendAsync(request, either.Token);
            await CopyAsync(answer, http.Response, either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            if (run is not null)
                handler.Kill(run, $"'{function.Name}' took longer than functionTimeout");
            Fail(http);
        }
        catch (Exception exception) when (exception is HttpRequestException or HandlerUnavailableException)
        {
            Fail(http);
        }
    }

    private static HttpRequestMessage Request(HttpRequest from, Uri handler)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(handler, from.Path.ToUriComponent() + from.QueryString.ToUriComponent()));
        if (from.ContentLength is > 0 || from.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(from.Body);
        foreach (var (name, values) in from.Headers)
            if (!OneHop.Contains(name) && !request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        return request;
    }

    private static async Task CopyAsync(HttpResponseMessage from, HttpResponse to, CancellationToken cancel)
    {
        to.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.Concat(from.Content.Headers))
            if (!OneHop.Contains(name))
                to.Headers[name] = values.ToArray();
        await from.Content.CopyToAsync(to.Body, cancel);
    }

    private static void Fail(HttpContext http)
    {
        if (http.Response.HasStarted)
            http.Abort();
        else
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
    }
}
