using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>
/// Which kinds of a cluster were listed, and of which cluster. No object of Kubernetes: a list writes it after what it found, and it stands
/// in the journal as objects do, so that every instance and every later start knows it. Its versions count from 1.
/// </summary>
public sealed record ClusterHistory : Resource
{
    /// <summary>The one there is.</summary>
    public static ResourceKey ListsKey { get; } = new(ResourceKind.ClusterHistory, "", "lists");

    /// <summary>
    /// The Service whose uid tells one cluster from another: the API server makes it with the cluster, and every identity that
    /// lists Services sees it.
    /// </summary>
    public static ResourceKey IdentityKey { get; } = new(ResourceKind.Service, "default", "kubernetes");

    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.ClusterHistory;

    /// <summary>
    /// By the name of each kind that was listed in full: the uid of the Service <c>default/kubernetes</c> of that cluster, empty
    /// when it was not seen.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Listed
    {
        get;
        init => field = value ?? ImmutableSortedDictionary<string, string>.Empty;
    } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What a state says of its lists; one that was never listed, says nothing.</summary>
    public static ClusterHistory Of(ClusterState state) =>
        state.Find<ClusterHistory>(ListsKey) ?? new() { Metadata = new() { Name = ListsKey.Name, ResourceVersion = "0" } };

    /// <summary>Whether a kind was listed in full.</summary>
    public bool Has(ResourceKind kind) => Listed.ContainsKey($"{kind}");

    /// <summary>The uid of the cluster whose objects of a kind were listed last; null when it is not known.</summary>
    public string? UidOf(ResourceKind kind) => Listed.GetValueOrDefault($"{kind}") is { Length: > 0 } uid ? uid : null;

    /// <summary>This after further lists; null when they are no news.</summary>
    /// <param name="kinds">The kinds that were listed in full.</param>
    /// <param name="uid">Of which cluster; null when that was not seen, and is as it was.</param>
    public ClusterHistory? After(IEnumerable<ResourceKind> kinds, string? uid)
    {
        var listed = Listed.SetItems(kinds.Select(kind => KeyValuePair.Create($"{kind}", uid ?? UidOf(kind) ?? "")));
        if (listed.SequenceEqual(Listed))
            return null;
        var version = Cluster.ResourceVersion.After(Metadata.ResourceVersion);
        return this with { Listed = listed, Metadata = Metadata with { ResourceVersion = version } };
    }
}
