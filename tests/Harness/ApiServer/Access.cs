using IngressReconciler.Tests.Harness.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>Who may do what. At first nobody is asked for a token, and everything is allowed.</summary>
public sealed class Access
{
    private const string Anonymous = "system:anonymous";

    private readonly Lock gate = new();
    private readonly List<(string Verb, string Plural, string? Namespace)> denied = [];
    private string? token;

    /// <summary>The user that the token stands for, as messages name it.</summary>
    public string User { get; set; } = "system:serviceaccount:ingress-reconciler:relay";

    /// <summary>The token that is asked for; null when none is.</summary>
    public string? Token => Volatile.Read(ref token);

    /// <summary>Takes only this bearer token from now on: another one is answered 401, and none at all is somebody anonymous (403).</summary>
    public void RequireToken(string bearer) => Volatile.Write(ref token, bearer);

    /// <summary>Forbids a verb on a kind from now on: 403.</summary>
    /// <param name="verb">Such as <c>list</c>, as in RBAC; <c>*</c> for all.</param>
    /// <param name="plural">The kind's plural, <c>plural.group</c>, or <c>plural/subresource</c>; <c>*</c> for all.</param>
    /// <param name="ns">Only requests for this namespace; null for all requests.</param>
    public void Deny(string verb, string plural, string? ns = null)
    {
        lock (gate)
            denied.Add((verb, plural, ns));
    }

    /// <summary>Allows everything again.</summary>
    public void AllowAll()
    {
        lock (gate)
            denied.Clear();
    }

    // Who sends a request; throws for credentials that are not taken.
    internal string Authenticate(HttpRequest request)
    {
        var authorization = $"{request.Headers.Authorization}";
        if (Token is not { } taken)
            return User;
        if (authorization.Length == 0)
            return Anonymous;
        return authorization == $"Bearer {taken}" ? User : throw new ApiException(ApiStatus.Unauthorized());
    }

    // Throws for what the user may not do.
    internal void Authorize(string user, RequestInfo request, string name)
    {
        bool isDenied;
        lock (gate)
            isDenied = denied.Exists(rule => request.Is(rule.Verb, rule.Plural) && (rule.Namespace is null || rule.Namespace == request.Namespace));
        if (!isDenied && user != Anonymous)
            return;
        var resource = request.Subresource.Length > 0 ? $"{request.Plural}/{request.Subresource}" : request.Plural;
        var place = request.Namespace.Length > 0 ? $"in the namespace \"{request.Namespace}\"" : "at the cluster scope";
        throw new ApiException(ApiStatus.Forbidden(
            request.Group, request.Plural, name, $"User \"{user}\" cannot {request.Verb} resource \"{resource}\" in API group \"{request.Group}\" {place}"));
    }
}
