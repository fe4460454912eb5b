using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Kubernetes;

/// <summary>What of a cluster is read, by the relay and by a list alike; permissions in the cluster follow it.</summary>
public sealed record ClusterReading
{
    /// <summary>Where Secrets of type <c>kubernetes.io/tls</c> are read; without them only the default certificate is served.</summary>
    public SecretScope Secrets { get; init; } = SecretScope.Everywhere;

    /// <summary>Whether Nodes are read, which an edge of proxies needs.</summary>
    public bool Nodes { get; init; } = true;

    /// <summary>The one ConfigMap that is read, or null.</summary>
    public (string Namespace, string Name)? ConfigMap { get; init; }

    /// <summary>Which Pods are ingress proxies; null when proxies are not found by their Pods.</summary>
    public ProxyPods? Proxies { get; init; } = ProxyPods.Default;

    /// <summary>One query a kind; for Secrets one a namespace that they are read in.</summary>
    public ImmutableArray<ObjectQuery> Queries => [.. ResourceKinds.All.SelectMany(QueriesOf)];

    private IEnumerable<ObjectQuery> QueriesOf(ResourceKinds.Entry entry)
    {
        var query = new ObjectQuery(entry.Kind.ToString(), entry.ApiVersion, entry.Plural);
        return entry.Kind switch
        {
            ResourceKind.Secret => Secrets.Namespaces.Select(ns => query with { Namespace = ns, Fields = $"type={ObjectTrimming.TlsSecretType}" }),
            ResourceKind.Node => Nodes ? [query] : [],
            ResourceKind.ConfigMap => ConfigMap is { } one ? [query with { Namespace = one.Namespace, Fields = $"metadata.name={one.Name}" }] : [],
            ResourceKind.Pod => Proxies is { } pods ? [query with { Namespace = pods.Namespace, Labels = pods.Selector }] : [],
            ResourceKind.Service or ResourceKind.EndpointSlice => [query with { NeverEmpty = true }], // default/kubernetes is always there
            _ => [query],
        };
    }
}
