using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Kubernetes;

/// <summary>What of a cluster is read, by the relay and by a list alike; permissions in the cluster follow it.</summary>
public sealed record ClusterReading
{
    /// <summary>Whether Secrets of type <c>kubernetes.io/tls</c> are read; without them only the default certificate is served.</summary>
    public bool Secrets { get; init; } = true;

    /// <summary>Whether Nodes are read, which an edge of proxies needs.</summary>
    public bool Nodes { get; init; } = true;

    /// <summary>The one ConfigMap that is read, or null.</summary>
    public (string Namespace, string Name)? ConfigMap { get; init; }

    /// <summary>Which Pods are ingress proxies; null when proxies are not found by their Pods.</summary>
    public ProxyPods? Proxies { get; init; } = ProxyPods.Default;

    /// <summary>One query a kind.</summary>
    public ImmutableArray<ObjectQuery> Queries => [.. ResourceKinds.All.Select(QueryOf).OfType<ObjectQuery>()];

    private ObjectQuery? QueryOf(ResourceKinds.Entry entry)
    {
        var query = new ObjectQuery(entry.Kind.ToString(), entry.ApiVersion, entry.Plural);
        return entry.Kind switch
        {
            ResourceKind.Secret => Secrets ? query with { Fields = $"type={ObjectTrimming.TlsSecretType}" } : null,
            ResourceKind.Node => Nodes ? query : null,
            ResourceKind.ConfigMap => ConfigMap is { } one ? query with { Namespace = one.Namespace, Fields = $"metadata.name={one.Name}" } : null,
            ResourceKind.Pod => Proxies is { } pods ? query with { Namespace = pods.Namespace, Labels = pods.Selector } : null,
            ResourceKind.Service or ResourceKind.EndpointSlice => query with { NeverEmpty = true }, // default/kubernetes is always there
            _ => query,
        };
    }
}
