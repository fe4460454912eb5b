using System.Collections.Concurrent;
using System.Diagnostics;
using IngressReconciler.Tests.Harness.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>A request that the server got.</summary>
public sealed class RecordedRequest
{
    private readonly HttpContext http;
    private int statusCode;

    internal RecordedRequest(HttpContext http, RequestInfo? info)
    {
        this.http = http;
        var request = http.Request;
        (Verb, Plural, Namespace, Name, Subresource) = (info?.Verb ?? "", info?.Plural ?? "", info?.Namespace ?? "", info?.Name ?? "", info?.Subresource ?? "");
        (Method, Target) = (request.Method, request.Path + request.QueryString);
        (UserAgent, ContentType, Authorization) = ($"{request.Headers.UserAgent}", request.ContentType ?? "", $"{request.Headers.Authorization}");
    }

    /// <summary>The HTTP method.</summary>
    public string Method { get; }

    /// <summary>Path and query, as sent.</summary>
    public string Target { get; }

    /// <summary>As in RBAC, such as <c>list</c>; empty for a path that is not one of objects.</summary>
    public string Verb { get; }

    /// <summary>The kind's plural; empty likewise.</summary>
    public string Plural { get; }

    /// <summary>The namespace; empty for the cluster.</summary>
    public string Namespace { get; }

    /// <summary>The object; empty for a collection.</summary>
    public string Name { get; }

    /// <summary>Such as <c>status</c>; empty for the object itself.</summary>
    public string Subresource { get; }

    /// <summary>The header <c>User-Agent</c>.</summary>
    public string UserAgent { get; }

    /// <summary>The header <c>Content-Type</c>.</summary>
    public string ContentType { get; }

    /// <summary>The header <c>Authorization</c>.</summary>
    public string Authorization { get; }

    /// <summary>When it came, as <see cref="Stopwatch.GetTimestamp"/> counts.</summary>
    public long At { get; } = Stopwatch.GetTimestamp();

    /// <summary>The status code of the answer; null as long as no answer has begun.</summary>
    public int? StatusCode => Volatile.Read(ref statusCode) is > 0 and var code ? code : null;

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Target} → {StatusCode}";

    internal void Answered() => Volatile.Write(ref statusCode, http.Response.StatusCode);
}

/// <summary>All requests that the server got, in the order in which they came.</summary>
public sealed class Requests
{
    private readonly ConcurrentQueue<RecordedRequest> all = new();
    private readonly Pulse changed = new();

    /// <summary>All up to now.</summary>
    public IReadOnlyList<RecordedRequest> All => [.. all];

    /// <summary>Those with a verb on a kind.</summary>
    public IReadOnlyList<RecordedRequest> Of(string verb, string plural) => [.. all.Where(request => request.Verb == verb && request.Plural == plural)];

    /// <summary>Returns once so many requests fit.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public Task WaitAsync(Func<RecordedRequest, bool> fits, int count, CancellationToken cancel) => changed.UntilAsync(() => all.Count(fits) >= count, cancel);

    /// <summary>Forgets all.</summary>
    public void Clear() => all.Clear();

    internal void Add(HttpContext http, RequestInfo? info)
    {
        var request = new RecordedRequest(http, info);
        http.Response.OnStarting(() =>
        {
            request.Answered();
            changed.Beat();
            return Task.CompletedTask;
        });
        all.Enqueue(request);
        changed.Beat();
    }
}
