using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>The table of kinds: a new one is one line here.</summary>
public static class ResourceKinds
{
    /// <summary>How one kind is found and read.</summary>
    /// <param name="Kind">The kind.</param>
    /// <param name="ApiVersion">Group and version as in a manifest.</param>
    /// <param name="Plural">The name in API paths.</param>
    /// <param name="Namespaced">Whether its objects live in namespaces.</param>
    /// <param name="Json">How its JSON is read and written.</param>
    public sealed record Entry(ResourceKind Kind, string ApiVersion, string Plural, bool Namespaced, JsonTypeInfo Json)
    {
        /// <summary>
        /// What alone makes objects of this kind, when it is one of our own: they are in the journal only, and neither an event nor a list
        /// nor a manifest may bring one. Null for a kind of the API server's.
        /// </summary>
        public string? MadeBy { get; init; }

        /// <summary>Reads one object of this kind.</summary>
        /// <exception cref="JsonException">A field has the wrong type; the message has its path.</exception>
        public Resource Read(JsonElement json) => (Resource)json.Deserialize(Json)!;
    }

    private const string OurGroup = "ingressreconciler.dev/v1";

    private static readonly ImmutableArray<Entry> Table =
    [
        new(ResourceKind.IngressClass, "networking.k8s.io/v1", "ingressclasses", false, ClusterJson.Default.IngressClass),
        new(ResourceKind.Secret, "v1", "secrets", true, ClusterJson.Default.Secret),
        new(ResourceKind.EndpointSlice, "discovery.k8s.io/v1", "endpointslices", true, ClusterJson.Default.EndpointSlice),
        new(ResourceKind.Service, "v1", "services", true, ClusterJson.Default.Service),
        new(ResourceKind.ConfigMap, "v1", "configmaps", true, ClusterJson.Default.ConfigMap),
        new(ResourceKind.Pod, "v1", "pods", true, ClusterJson.Default.Pod),
        new(ResourceKind.Node, "v1", "nodes", false, ClusterJson.Default.Node),
        new(ResourceKind.Ingress, "networking.k8s.io/v1", "ingresses", true, ClusterJson.Default.Ingress),
        new(ResourceKind.ProxyProtocol, OurGroup, "proxyprotocols", false, ClusterJson.Default.ProxyProtocol)
        {
            MadeBy = "the command proxy-protocol",
        },
        new(ResourceKind.ClusterHistory, OurGroup, "clusterhistories", false, ClusterJson.Default.ClusterHistory)
        {
            MadeBy = "a list of the cluster that was followed",
        },
    ];

    private static readonly ImmutableDictionary<ResourceKind, Entry> ByKind = Table.ToImmutableDictionary(entry => entry.Kind);

    private static readonly ImmutableDictionary<string, Entry> ByName =
        Table.ToImmutableDictionary(entry => entry.Kind.ToString(), StringComparer.Ordinal);

    /// <summary>All kinds of the API server's, in the order in which a cluster is best read: what others refer to first.</summary>
    public static ImmutableArray<Entry> All { get; } = [.. Table.Where(entry => entry.MadeBy is null)];

    /// <summary>Whether a kind is one of our own, of which no event tells and no list.</summary>
    public static bool IsOwn(ResourceKind kind) => ByKind[kind].MadeBy is not null;

    /// <summary>The entry of a kind.</summary>
    public static Entry Of(ResourceKind kind) => ByKind[kind];

    /// <summary>The entry with this kind's name (<c>Ingress</c>), our own among them; or null.</summary>
    public static Entry? Find(string? kind) => kind is null ? null : ByName.GetValueOrDefault(kind);
}
