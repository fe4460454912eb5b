using IngressReconciler.Tests.Harness.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>Who may do what. At first nobody is asked for a token, and everything is allowed.</summary>
public sealed class Access
{
    private const string Anonymous = "system:anonymous";

    private readonly Lock gate = new();
    private readonly List<(string Verb, string Plural, string? Namespace)> denied = [];
    private readonly Dictionary<string, string> others = [];
    private string? token;

    /// <summary>The user that the token stands for, as messages name it.</summary>
    public string User { get; set; } = "system:serviceaccount:ingress-reconciler:relay";

    /// <summary>The token that is asked for; null when none is.</summary>
    public string? Token => Volatile.Read(ref token);

    /// <summary>Takes only this bearer token from now on: another one is answered 401, and none at all is somebody anonymous (403).</summary>
    public void RequireToken(string bearer) => Volatile.Write(ref token, bearer);

    /// <summary>Takes another bearer token besides, which stands for a user of its own.</summary>
    public void AddToken(string bearer, string user)
    {
        lock (gate)
            others.Add(bearer, user);
    }

    /// <summary>
    /// Whether what the server has of roles and bindings decides over whoever is not <see cref="User"/>; no, at first. That one may do all, and
    /// speak for others (<c>Impersonate-User</c>), as <c>kubectl --as</c> asks for.
    /// </summary>
    public bool ByRoles { get; set; }

    internal Rbac? Rbac { get; set; }

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
            return Spoken(request);
        if (authorization.Length == 0)
            return Anonymous;
        lock (gate)
        {
            if (authorization.StartsWith("Bearer ", StringComparison.Ordinal) && others.TryGetValue(authorization["Bearer ".Length..], out var other))
                return other;
        }

        return authorization == $"Bearer {taken}" ? Spoken(request) : throw new ApiException(ApiStatus.Unauthorized());
    }

    // Throws for what the user may not do.
    internal void Authorize(string user, RequestInfo request, string name)
    {
        bool isDenied;
        lock (gate)
            isDenied = denied.Exists(rule => request.Is(rule.Verb, rule.Plural) && (rule.Namespace is null || rule.Namespace == request.Namespace));
        var isAllowed = !ByRoles || user == User || Rbac!.Allows(user, request, name);
        if (!isDenied && isAllowed && user != Anonymous)
            return;
        var resource = request.Subresource.Length > 0 ? $"{request.Plural}/{request.Subresource}" : request.Plural;
        var place = request.Namespace.Length > 0 ? $"in the namespace \"{request.Namespace}\"" : "at the cluster scope";
        throw new ApiException(ApiStatus.Forbidden(
            request.Group, request.Plural, name, $"User \"{user}\" cannot {request.Verb} resource \"{resource}\" in API group \"{request.Group}\" {place}"));
    }

    private string Spoken(HttpRequest request) => $"{request.Headers["Impersonate-User"]}" is { Length: > 0 } other ? other : User;
}
