using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Compile;

/// <summary>
/// What things are called on a proxy. A name says all that cannot be changed in place, so that such a change is a new thing beside the old one;
/// and it says what an operator who looks at the proxy wants to know. Made only of parts that were checked: DNS labels, numbers, addresses.
/// </summary>
public static class HAProxyNames
{
    /// <summary>The profile (named defaults section of the bootstrap) of an upstream's backend.</summary>
    public static string Profile(Upstream upstream) => upstream.Protocol is UpstreamProtocol.Tcp or UpstreamProtocol.Tls ? "tcp" : "http";

    /// <summary>Whether the proxy itself tries the upstream's servers: of pods their readiness says more, of a node that has died nobody says anything.</summary>
    public static bool IsChecked(Upstream upstream) => upstream.AtNodes;

    /// <summary>
    /// Requests that one proxy has under way at one pod, where nothing else is said: more than a pod that is well has, and few enough that a pod that
    /// hangs leaves the others of its backend their part. A node of the edge takes all that comes.
    /// </summary>
    public const int PodConnections = 1000;

    /// <summary>Longest name of a server; HAProxy takes longer ones, people do not.</summary>
    private const int LongestName = 100;

    /// <summary><c>protocol:namespace:service:port</c>, with <c>:proxy-v2</c> behind it where one is sent.</summary>
    public static string Backend(Upstream upstream)
    {
        var protocol = upstream.Protocol switch
        {
            UpstreamProtocol.Http => "http",
            UpstreamProtocol.H2c => "h2c",
            UpstreamProtocol.Https => "https",
            UpstreamProtocol.Tcp => "tcp",
            UpstreamProtocol.Tls => "tls",
            _ => throw new ArgumentOutOfRangeException(nameof(upstream)),
        };
        var header = upstream.SendProxy switch
        {
            SendProxy.None => "",
            SendProxy.V1 => ":proxy-v1",
            SendProxy.V2 => ":proxy-v2",
            _ => throw new ArgumentOutOfRangeException(nameof(upstream)),
        };
        return $"{protocol}:{upstream.Namespace}:{upstream.Service}:{upstream.Port}{header}";
    }

    /// <summary><c>pod_address_port</c>, at a node <c>node_address_port</c>; where the slice names no pod <c>address_port</c>.</summary>
    public static string Server(Endpoint endpoint)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address.Value}_{endpoint.Port}");
        return (endpoint.AtNode ? endpoint.Node : endpoint.Pod) is { } name ? $"{(name.Length > LongestName ? name[..LongestName] : name)}_{place}" : place;
    }

    /// <summary>On which ports a network sends a PROXY header: <c>required</c> on all, <c>accepted</c> on those for it.</summary>
    public static string SourceWord(ProxySource source) => source.Required ? "required" : "accepted";

    /// <summary><c>namespace/name/fingerprint</c>: a renewed certificate is another one, put beside the old before that goes.</summary>
    public static string Certificate(CertificateReference reference, string fingerprint) =>
        $"{CertificatePrefix(reference)}{fingerprint[..16]}";

    /// <summary>What the names of every generation of a certificate begin with.</summary>
    public static string CertificatePrefix(CertificateReference reference) =>
        reference == CertificateReference.Default ? BootstrapNames.DefaultCertificate : $"{reference.Namespace}/{reference.Name}/";

    /// <summary>
    /// Of which Secret a certificate is, by its name in the store or by an entry of the list; null for a name that is none of ours.
    /// </summary>
    public static CertificateReference? ReferenceOf(string certificate) =>
        certificate.Split('/') is [var ns, var name, _] ? new(ns, name) : null;

    /// <summary>Of which Service a backend is.</summary>
    public static ResourceKey? ServiceOf(ReadOnlySpan<char> backend) =>
        backend.ToString().Split(':') is [_, var ns, var service, _, ..] ? new(ResourceKind.Service, ns, service) : null;
}
