using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Http;
using IngressReconciler.Tests.Harness.ApiServer.Store;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>
/// Role-based access control by the roles and bindings that the server has, for users and service accounts: groups and aggregated roles are unknown,
/// and so are the roles that every cluster begins with.
/// </summary>
/// <param name="store">Where they are.</param>
internal sealed class Rbac(ObjectStore store)
{
    private const string Group = "rbac.authorization.k8s.io";

    /// <summary>The rules that hold for a user in a namespace; those of the cluster where it is empty.</summary>
    public IEnumerable<JsonObject> RulesFor(string user, string ns) =>
        from binding in All("clusterrolebindings").Concat(All("rolebindings").Where(one => ns.Length > 0 && (string?)one["metadata"]!["namespace"] == ns))
        where (binding["subjects"] as JsonArray ?? []).Any(subject => NameOf(subject!) == user)
        let role = Find(binding)
        where role is not null
        from rule in role["rules"] as JsonArray ?? []
        select (JsonObject)rule.DeepClone();

    /// <summary>Whether a user may do what a request asks for.</summary>
    public bool Allows(string user, RequestInfo request, string name) => RulesFor(user, request.Namespace).Any(rule =>
        Has(rule, "verbs", request.Verb)
        && Has(rule, "apiGroups", request.Group)
        && Has(rule, "resources", request.Subresource.Length > 0 ? $"{request.Plural}/{request.Subresource}" : request.Plural)
        && (rule["resourceNames"] is not JsonArray { Count: > 0 } names || names.Any(one => (string?)one == name)));

    private static bool Has(JsonObject rule, string list, string what) =>
        (rule[list] as JsonArray ?? []).Any(one => (string?)one == what || (string?)one == "*");

    private static string NameOf(JsonNode subject) => (string?)subject["kind"] == "ServiceAccount"
        ? $"system:serviceaccount:{subject["namespace"]}:{subject["name"]}"
        : $"{subject["name"]}";

    private JsonObject? Find(JsonObject binding)
    {
        var (kind, name) = ((string?)binding["roleRef"]!["kind"], (string)binding["roleRef"]!["name"]!);
        return kind == "Role"
            ? store.Find(Resource("roles"), new((string)binding["metadata"]!["namespace"]!, name))?.Copy()
            : store.Find(Resource("clusterroles"), new("", name))?.Copy();
    }

    private IEnumerable<JsonObject> All(string plural) => store.Snapshot(Resource(plural)).Objects!.Values.Select(one => one.Copy());

    private ApiResource Resource(string plural) => store.FindResource(one => (one.Group, one.Plural) == (Group, plural))!;
}
