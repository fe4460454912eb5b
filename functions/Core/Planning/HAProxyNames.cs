using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Endpoints;
using IngressReconciler.Routing;

namespace IngressReconciler.Planning;

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
        var place = string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address}_{endpoint.Port}");
        return (endpoint.AtNode ? endpoint.Node : endpoint.Pod) is { } name ? $"{(name.Length > LongestName ? name[..LongestName] : name)}_{place}" : place;
    }

    /// <summary>On which ports a network sends a PROXY header: <c>required</c> on all, <c>accepted</c> on those for it.</summary>
    public static string SourceWord(ProxySource source) => source.Required ? "required" : "accepted";

    /// <summary><c>namespace/name/fingerprint</c>: a renewed certificate is another one, put beside the old before that goes.</summary>
    public static string Certificate(CertificateReference reference, Secret secret) => $"{CertificatePrefix(reference)}{secret.Fingerprint![..16]}";

    /// <summary>What the names of every generation of a certificate begin with.</summary>
    public static string CertificatePrefix(CertificateReference reference) => $"{reference.Namespace}/{reference.Name}/";

    /// <summary>The certificate that a step is about; null when it is about something else.</summary>
    public static string? CertificateOf(Step step) => step switch
    {
        AddCertificate add => add.Certificate,
        SetDefaultCertificate set => set.Certificate,
        BindCertificate bind => bind.Line.Certificate,
        UnbindCertificate unbind => unbind.Line.Certificate,
        DeleteCertificate delete => delete.Certificate,
        _ => null,
    };

    /// <summary>Of which Secret a certificate is.</summary>
    public static CertificateReference ReferenceOf(string certificate) => new(certificate.Split('/')[0], certificate.Split('/')[1]);
}
