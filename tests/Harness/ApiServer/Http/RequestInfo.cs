using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>What a request asks for, read from its method and path alone.</summary>
/// <param name="Verb">As in RBAC: get, list, watch, create, update, patch, delete, deletecollection.</param>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The API version.</param>
/// <param name="Namespace">The namespace; empty for all of them and for the cluster.</param>
/// <param name="Plural">The kind's name in paths.</param>
/// <param name="Name">The object; empty for a collection.</param>
/// <param name="Subresource">Such as <c>status</c>; empty for the object itself.</param>
internal sealed record RequestInfo(string Verb, string Group, string Version, string Namespace, string Plural, string Name, string Subresource)
{
    /// <summary>Reads it; null when the path is not one of an object or a collection.</summary>
    public static RequestInfo? Of(HttpRequest request)
    {
        var parts = request.Path.Value!.Split('/')[1..];
        var (group, rest) = parts switch
        {
            ["api", .. var core] => ("", core),
            ["apis", var named, .. var others] => (named, others),
            _ => ("", []),
        };
        if (rest is not [var version, var first, ..] || version.Length == 0 || first.Length == 0)
            return null;
        var (ns, path) = rest is [_, "namespaces", var within, var plural, ..] && plural.Length > 0 ? (within, rest[3..]) : ("", rest[1..]);
        if (path.Length > 3 || path.Contains(""))
            return null;
        var name = path.ElementAtOrDefault(1) ?? "";
        return new(VerbOf(request, name.Length > 0), group, version, ns, path[0], name, path.ElementAtOrDefault(2) ?? "");
    }

    /// <summary>
    /// Whether a verb and a kind, as tests name them, mean this request: <c>*</c> means any, a kind is its plural, <c>plural.group</c> or, for one
    /// subresource only, <c>plural/subresource</c>.
    /// </summary>
    public bool Is(string verb, string plural) => (verb == "*" || verb == Verb)
        && (plural == "*" || plural == Plural || plural == $"{Plural}.{Group}" || (Subresource.Length > 0 && plural == $"{Plural}/{Subresource}"));

    private static string VerbOf(HttpRequest request, bool named) => request.Method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => named ? "delete" : "deletecollection",
        _ when named => "get",
        _ => ListOptions.IsTrue(request.Query["watch"]) ? "watch" : "list",
    };
}
