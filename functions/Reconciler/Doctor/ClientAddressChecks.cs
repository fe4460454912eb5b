using IngressReconciler.Cluster;
using IngressReconciler.Edge;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>Judges whether the client's address arrives through each edge proxy at each node: <c>client-address</c>.</summary>
public static class ClientAddressChecks
{
    private const string Name = "client-address";

    /// <summary>Why there is nothing to probe; null when there is.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="edge">Its edge.</param>
    /// <param name="anyEdgeProxy">Whether an edge proxy is known.</param>
    public static Check? NotProbed(string cluster, EdgeOptions? edge, bool anyEdgeProxy) => edge switch
    {
        null => Check.Skipped(Name, $"cluster {cluster}", "nothing is known of an edge", "set EdgeShape to what stands in front of the NodePorts"),
        { HasProxies: false } => Check.Skipped(Name, $"cluster {cluster}", "the edge passes packets on, so there is no proxy to look through", "give --edge ADDRESS to look from outside"),
        _ when !anyEdgeProxy => Check.Failed(Name, $"cluster {cluster}", "no edge proxy is known, so none leads anywhere", "set Edges (or EdgeScaleSet) to the edge proxies"),
        _ => null,
    };

    /// <summary>Judges probes.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="results">What came of them.</param>
    /// <param name="spec">What is wanted of PROXY protocol.</param>
    public static IEnumerable<Check> Judge(string cluster, IEnumerable<ProbeResult> results, ProxyProtocolSpec spec)
    {
        foreach (var result in results)
        {
            var subject = result.Edge.Length == 0 ? $"cluster {cluster}" : $"{result.Edge} {result.Table}";
            if (result.Trouble is { } trouble)
                yield return Check.Failed(Name, subject, trouble, Cure(result));
            else if (spec.Try == SendProxy.None)
                yield return Check.Warning(Name, subject, $"{string.Join(", ", result.Proxies)} answered, and pods are told the edge's address, not the client's", $"'ingress-reconciler proxy-protocol enable --cluster {cluster}'");
            else
                yield return Check.Ok(Name, subject, $"{string.Join(", ", result.Proxies)} were told {result.Client}, which is ours");
        }
    }

    private static string Cure(ProbeResult result) => result.Fault switch
    {
        ProbeFault.NotTold => "see admin-channel: every ingress proxy must be told of a probe",
        ProbeFault.NoNode => "see nodes and node-ports",
        ProbeFault.NoWay => $"open the NodePorts from {result.Edge} to every node (network security group, firewall), and the edge's probe ports (EdgeProbePorts) to the function; if both are open, {result.Edge} does not send the PROXY header that the proxies want: restart it, it is restored by itself",
        ProbeFault.Header => $"{result.Edge} runs other servers than it was told: restart it, it is restored by itself; then find out who writes to its admin port",
        ProbeFault.Translated => $"let the function reach {result.Edge} without address translation (no NAT, no load balancer with SNAT between the two), and the edge the nodes",
        _ => "see admin-channel and nodes: the edge's own check keeps it from nodes whose NodePort it cannot connect to; open the NodePorts from the edge to every node",
    };
}
