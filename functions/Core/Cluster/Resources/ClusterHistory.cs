using System.Collections.Immutable;
using System.Text.Json;
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

    /// <summary>By the name of each kind that was listed in full: what the list counted, for <see cref="DeletionGuard"/>.</summary>
    public ImmutableSortedDictionary<string, ListedKind> Counted
    {
        get;
        init => field = value ?? ImmutableSortedDictionary<string, ListedKind>.Empty;
    } = ImmutableSortedDictionary<string, ListedKind>.Empty;

    /// <inheritdoc cref="ProxyProtocol.Unknown"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>What a state says of its lists; one that was never listed, says nothing.</summary>
    public static ClusterHistory Of(ClusterState state) =>
        state.Find<ClusterHistory>(ListsKey) ?? new() { Metadata = new() { Name = ListsKey.Name, ResourceVersion = "0" } };

    /// <summary>Whether a kind was listed in full.</summary>
    public bool Has(ResourceKind kind) => Listed.ContainsKey($"{kind}");

    /// <summary>What the last list of a kind that is recorded counted; null for none.</summary>
    public ListedKind? CountOf(ResourceKind kind) => Counted.GetValueOrDefault($"{kind}");

    /// <summary>The uid of the cluster whose objects of a kind were listed last; null when it is not known.</summary>
    public string? UidOf(ResourceKind kind) => Listed.GetValueOrDefault($"{kind}") is { Length: > 0 } uid ? uid : null;

    /// <summary>This after a further list; null when it is no news.</summary>
    /// <param name="kinds">The kinds that it has in full and that are followed.</param>
    /// <param name="list">The list. When it does not show of which cluster it is, that is as it was.</param>
    /// <param name="isDue">Whether a list of a kind is recorded even if it counts what the one before did; null for never.</param>
    public ClusterHistory? After(IEnumerable<ResourceKind> kinds, ClusterList list, Func<ResourceKind, bool>? isDue = null)
    {
        var (listed, counted) = (Listed, Counted);
        foreach (var kind in kinds)
        {
            listed = listed.SetItem($"{kind}", list.Uid ?? UidOf(kind) ?? "");
            var objects = list.Resources.Count(one => one.Kind == kind);
            if (CountOf(kind) is not { } last || last.Objects != objects || isDue?.Invoke(kind) == true)
                counted = counted.SetItem($"{kind}", new(objects, (CountOf(kind)?.Number ?? 0) + 1));
        }

        if (listed.SequenceEqual(Listed) && counted.SequenceEqual(Counted))
            return null;
        var version = Cluster.ResourceVersion.After(Metadata.ResourceVersion);
        return this with { Listed = listed, Counted = counted, Metadata = Metadata with { ResourceVersion = version } };
    }
}

/// <summary>What a list of a kind counted.</summary>
/// <param name="Objects">How many objects.</param>
/// <param name="Number">Which of the lists that are recorded it is, from 1: another number tells of another list.</param>
public sealed record ListedKind(int Objects, int Number);
