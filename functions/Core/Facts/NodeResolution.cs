using System.Net.Sockets;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;

namespace IngressReconciler.Facts;

/// <summary>
/// Upstream → the NodePorts of the nodes that have a pod of it, by kube-proxy's rules for <c>externalTrafficPolicy: Local</c> (KEP-1669): a node
/// answers with its own pods only, with serving terminating ones while it has none that is ready. A node that is leaving (<see cref="Node.IsLeaving"/>)
/// gets no new connection as long as another can take it.
/// </summary>
public static class NodeResolution
{
    /// <summary>Resolves one upstream. Never throws; a node that cannot be used concerns itself only.</summary>
    public static EndpointSet Resolve(ClusterState state, Upstream upstream, EndpointPolicy policy)
    {
        var key = ModelUses.ServiceOf(upstream);
        if (state.Find<Service>(key) is not { } service || ServicePorts.Find(service, upstream.Port) is not { NodePort: > 0 and <= 65535 and var port })
            return EndpointSet.None;

        var excluded = new List<ExcludedEndpoint>();
        var pods = Pods(state, key, excluded);
        var family = service.Spec.IpFamilies is ["IPv6", ..] ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var found = new List<(Endpoint Endpoint, bool Stays)>();
        foreach (var (name, (ready, slice)) in pods)
        {
            if (state.Find<Node>(new(ResourceKind.Node, "", name)) is not { } node)
                excluded.Add(new("", null, slice, $"node {name} is not known: it is gone, or nodes may not be read"));
            else if (Address(node, family, policy) is not { } address)
                excluded.Add(new("", null, slice, $"node {name} has no usable InternalIP of the Service's first family"));
            else
                found.Add((new(address, port, EndpointState.Ready, null, name, null, slice, AtNode: true), ready && !node.IsLeaving));
        }

        var anyStays = found.Any(one => one.Stays);
        return new(
            found.Select(one => anyStays && !one.Stays ? one.Endpoint with { State = EndpointState.Draining } : one.Endpoint).ToValueList(), excluded.ToValueList(), []);
    }

    /// <summary>By node: whether a pod there is ready, else one that terminates still serves; and a slice that says so.</summary>
    private static SortedDictionary<string, (bool Ready, string Slice)> Pods(ClusterState state, ResourceKey service, List<ExcludedEndpoint> excluded)
    {
        var pods = new SortedDictionary<string, (bool Ready, string Slice)>(StringComparer.Ordinal);
        foreach (var slice in state.SlicesOf(service))
        {
            foreach (var endpoint in slice.Endpoints ?? [])
            {
                if (endpoint is null)
                    continue;
                var conditions = endpoint.Conditions;
                var ready = conditions?.Ready ?? true;
                if (!ready && !((conditions?.Serving ?? true) && (conditions?.Terminating ?? false)))
                    continue;
                if (endpoint.NodeName is not { } node || !KubernetesName.IsSubdomain(node))
                    excluded.Add(new(KubernetesName.Show(endpoint.Addresses is [{ } first, ..] ? first : ""), null, slice.Metadata.Name, "the slice does not say on which node it is"));
                else if (ready || !pods.ContainsKey(node))
                    pods[node] = (ready, slice.Metadata.Name);
            }
        }

        return pods;
    }

    private static EndpointAddress? Address(Node node, AddressFamily family, EndpointPolicy policy)
    {
        foreach (var one in node.Status.Addresses ?? [])
        {
            if (one is { Type: "InternalIP", Address: { } text } && EndpointAddress.OfNode(text, family, policy) is { } address)
                return address;
        }

        return null;
    }
}
