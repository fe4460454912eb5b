using System.Globalization;
using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>Judges what the settings let EndpointSlices name: <c>endpoint-addresses</c>.</summary>
public static class AddressChecks
{
    private const string Name = "endpoint-addresses";

    /// <summary>Networks that one message lists.</summary>
    private const int Listed = 4;

    /// <summary>Judges what is wanted.</summary>
    public static IEnumerable<Check> Judge(DesiredState wanted)
    {
        var options = wanted.Options.Addresses;
        if (!options.HostNetworkNamespaces.IsEmpty)
        {
            yield return Check.Warning(
                Name,
                "setting HostNetworkNamespaces",
                $"EndpointSlices of {Of(options.HostNetworkNamespaces)} may lead requests to any port of any node",
                "let only people write EndpointSlices there whom you trust with the nodes, and take namespaces out whose Pods do not run with "
                + "hostNetwork");
        }

        if (wanted.Options.AllowLoopbackEndpoints)
        {
            yield return Check.Warning(
                Name,
                "setting AllowLoopbackEndpoints",
                "EndpointSlices may name loopback addresses, and so lead requests to whatever listens beside a proxy",
                "set it to false, or leave it out: it is for runs on one machine only");
            yield break;
        }

        Node[] nodes = [.. wanted.Cluster.Resources.Values.OfType<Node>().OrderBy(node => node.Metadata.Name, StringComparer.Ordinal)];
        if (nodes.Length == 0)
        {
            yield return Check.Warning(
                Name, "nodes", "no Node is known, so nodes' addresses are told from Pods' only where an ingress proxy runs",
                "let Nodes be read (setting ReadNodes, infra/kubernetes/rights), or set PodNetworks to networks that no node is in");
        }

        if (options.PodNetworks.Count == 0)
        {
            string[] handedOut = [.. nodes.SelectMany(node => node.Spec.PodCidrs ?? []).Distinct().Select(one => KubernetesName.Show(one))];
            var known = handedOut.Length == 0 ? "" : $"; the nodes hand out {List(handedOut)}";
            yield return Check.Warning(
                Name, "setting PodNetworks", $"it is not set: EndpointSlices may name any address that is not reserved or our own{known}",
                "set it to the networks that the cluster's Pods get addresses from (kubeadm: podSubnet; AKS: podCidr, or the Pods' subnets), and "
                + "those of backends outside that are meant to be led to");
            yield break;
        }

        string[] outside = [.. nodes.SelectMany(node => node.Spec.PodCidrs ?? []).Distinct().Where(IsOutside)];
        string[] inside = [.. options.PodNetworks.Select(one => $"{one}")];
        yield return outside.Length == 0
            ? Check.Ok(Name, "setting PodNetworks", $"EndpointSlices may name addresses in {List(inside)}")
            : Check.Failed(
                Name, "setting PodNetworks", $"nodes hand out {List(outside)}, and Pods there get no requests", "add those networks to PodNetworks");

        bool IsOutside(string handedOut) => IPNetwork.TryParse(handedOut, out var one)
            && !options.PodNetworks.Any(network => network.PrefixLength <= one.PrefixLength && network.Contains(one.BaseAddress));
    }

    private static string Of(NamespaceList namespaces) => namespaces.All ? "every namespace" : $"namespace {string.Join(", ", namespaces.Names.Order())}";

    private static string List(string[] all)
    {
        var rest = all.Length - Listed;
        return string.Join(", ", all.Take(Listed)) + (rest > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {rest} more") : "");
    }
}
