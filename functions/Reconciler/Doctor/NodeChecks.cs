using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>
/// Judges the way from the edge to the nodes, as the cluster's objects and the settings describe it: <c>trusted-sources</c>, <c>node-ports</c>,
/// <c>traffic-policy</c>, <c>nodes</c>.
/// </summary>
public static class NodeChecks
{
    private static readonly string[] About = ["trusted-sources", "node-ports", "traffic-policy"];

    /// <summary>Judges what is wanted.</summary>
    public static IEnumerable<Check> Judge(DesiredState wanted)
    {
        var service = wanted.Cluster.Find<Service>(wanted.Options.ProxyService);
        var findings = wanted.Translation.EdgeFindings.Where(finding => finding.Reason != "EdgeDecides").Select(Of).ToArray();
        foreach (var name in About)
        {
            var found = findings.Where(check => check.Name == name).ToArray();
            foreach (var check in found.Length > 0 ? found : [Fine(name, wanted, service)])
                yield return check;
        }

        if (service is not null)
        {
            foreach (var check in Nodes(wanted, service))
                yield return check;
        }
    }

    /// <summary>The nodes' places that lead to a port of the proxies' Service.</summary>
    public static EndpointSet Places(DesiredState wanted, string port) => NodeResolution.Resolve(
        wanted.Cluster,
        new(wanted.Options.ProxyService.Namespace, wanted.Options.ProxyService.Name, port, UpstreamProtocol.Tcp, AtNodes: true),
        wanted.Policy);

    /// <summary>A finding says what to do in its last sentence.</summary>
    private static Check Of(Finding finding)
    {
        var name = finding.Reason switch
        {
            "SourceIsRewritten" => "traffic-policy",
            "NodePortMissing" or "ProxyServiceMissing" => "node-ports",
            _ => "trusted-sources",
        };
        var end = finding.Message.LastIndexOf(". ", StringComparison.Ordinal);
        var (found, cure) = end < 0 ? (finding.Message, finding.Message) : (finding.Message[..end], finding.Message[(end + 2)..].TrimEnd('.'));
        var subject = finding.Object == ProxyProtocol.EdgeKey ? "settings" : $"{finding.Object}";
        return finding.Severity == Severity.Error ? Check.Failed(name, subject, found, cure) : Check.Warning(name, subject, found, cure);
    }

    private static Check Fine(string name, DesiredState wanted, Service? service)
    {
        var sources = wanted.Model.Settings.ProxyProtocol.Sources;
        if (name == "trusted-sources")
            return Check.Ok(name, "settings", sources.Count == 0 ? "nobody's PROXY header is believed" : $"PROXY headers are believed from {string.Join(", ", sources.Select(source => $"{source.Network} ({(source.Required ? "must send one" : "may send one")})"))}");
        if (service is null)
            return Check.Skipped(name, $"{wanted.Options.ProxyService}", "this Service is not known", "apply infra/kubernetes, or name the Service in setting ProxyService; without it the way from edge to proxies is not looked at");
        if (name == "traffic-policy")
        {
            // Without an edge in the settings, routing does not ask for it.
            return service.Spec.ExternalTrafficPolicy == "Local"
                ? Check.Ok(name, $"{service.Key}", "externalTrafficPolicy is Local: a node keeps the address that it was connected from")
                : Check.Warning(name, $"{service.Key}", $"externalTrafficPolicy is {KubernetesName.Show(service.Spec.ExternalTrafficPolicy ?? "Cluster")}: every node puts its own address in the place of the client's", "set it to Local");
        }

        string[] ports = [.. (service.Spec.Ports ?? []).Where(port => port.NodePort > 0).Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Name} {port.NodePort}"))];
        return ports.Length == 0
            ? Check.Warning(name, $"{service.Key}", "no port has a nodePort: nobody outside the cluster gets in this way", "make it a Service of type NodePort, as infra/kubernetes does")
            : Check.Ok(name, $"{service.Key}", string.Join(", ", ports));
    }

    /// <summary>Every node on which there is a proxy, and what keeps it from being led to.</summary>
    private static IEnumerable<Check> Nodes(DesiredState wanted, Service service)
    {
        var places = Places(wanted, "http");
        foreach (var place in places.Endpoints)
        {
            yield return place.State == EndpointState.Ready
                ? Check.Ok("nodes", $"node {place.Node}", string.Create(CultureInfo.InvariantCulture, $"led to at {place.Address}:{place.Port}"))
                : Check.Warning("nodes", $"node {place.Node}", "it is cordoned, labelled to be left out by load balancers, or its proxy terminates: it gets no new connection while another node can take it", $"nothing if it is being drained; else 'kubectl uncordon {place.Node}' and 'kubectl label node {place.Node} {Node.Excluded}-'");
        }

        foreach (var excluded in places.Excluded)
            yield return Check.Failed("nodes", $"{wanted.Options.ProxyService}", $"{excluded.Reason} (slice {excluded.Slice})", "let Nodes be read (setting ReadNodes, infra/kubernetes/rights), and give the node an InternalIP of the Service's first family");
        foreach (var (node, pod) in Unready(wanted.Cluster, service).Where(one => places.Endpoints.All(place => place.Node != one.Node)))
            yield return Check.Failed("nodes", $"node {node}", $"its ingress proxy{pod} is not ready, so it is not led to", $"if the proxy cannot be reached, see admin-channel; if it can, ask its /readyz at port 8404 and look at 'kubectl describe pod'{pod} on {node}");
        if (places.Endpoints.Count == 0)
            yield return Check.Failed("nodes", $"{service.Key}", "no node has a ready ingress proxy: nothing is served", "look at the DaemonSet of infra/kubernetes: 'kubectl get pods -A -l app.kubernetes.io/name=ingress-proxy'; a proxy is ready once everything was pushed to it");
    }

    private static IEnumerable<(string Node, string Pod)> Unready(ClusterState state, Service service) =>
        state.SlicesOf(service.Key).SelectMany(slice => slice.Endpoints ?? [])
            .Where(endpoint => endpoint is { NodeName: not null, Conditions.Ready: false })
            .Select(endpoint => (endpoint.NodeName!, endpoint.TargetRef?.Name is { } pod ? $" {KubernetesName.Show(pod)}" : ""))
            .Distinct();
}
