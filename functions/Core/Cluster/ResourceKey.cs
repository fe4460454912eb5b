namespace IngressReconciler.Cluster;

/// <summary>The kinds of object that are read.</summary>
public enum ResourceKind
{
    /// <summary>networking.k8s.io/v1 IngressClass</summary>
    IngressClass,

    /// <summary>networking.k8s.io/v1 Ingress</summary>
    Ingress,

    /// <summary>v1 Service</summary>
    Service,

    /// <summary>discovery.k8s.io/v1 EndpointSlice</summary>
    EndpointSlice,

    /// <summary>v1 Secret of type kubernetes.io/tls, as fingerprint and public chain</summary>
    Secret,

    /// <summary>v1 ConfigMap that an option names</summary>
    ConfigMap,

    /// <summary>v1 Pod of an ingress proxy</summary>
    Pod,

    /// <summary>v1 Node</summary>
    Node,

    /// <summary>our own; see <see cref="Resources.ProxyProtocol"/></summary>
    ProxyProtocol,

    /// <summary>our own; see <see cref="Resources.ClusterHistory"/></summary>
    ClusterHistory,
}

/// <summary>Names one object of a cluster.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Namespace">Its namespace; empty for a cluster-scoped object.</param>
/// <param name="Name">Its name.</param>
public readonly record struct ResourceKey(ResourceKind Kind, string Namespace, string Name)
{
    /// <summary>By kind, namespace, name; ordinal.</summary>
    public static IComparer<ResourceKey> Order { get; } = Comparer<ResourceKey>.Create((left, right) =>
    {
        var kind = left.Kind.CompareTo(right.Kind);
        if (kind != 0)
            return kind;
        var ns = string.CompareOrdinal(left.Namespace, right.Namespace);
        return ns != 0 ? ns : string.CompareOrdinal(left.Name, right.Name);
    });

    /// <summary><c>Kind namespace/name</c>, or <c>Kind name</c> without a namespace.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}
