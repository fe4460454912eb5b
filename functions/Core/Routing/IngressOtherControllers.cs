using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>
/// Annotations by which other ingress controllers than ingress-nginx are told what to do. They are not read. On an Ingress that is served
/// here that is worth knowing, for there may be a guard among them; but many have those of a controller that once served them.
/// </summary>
internal static class IngressOtherControllers
{
    private const int MostNames = 5;

    /// <summary>What the names of their annotations begin with, by their documentation.</summary>
    private static readonly string[] Prefixes =
    [
        "alb.ingress.kubernetes.io/", "appgw.ingress.kubernetes.io/", "appprotect.f5.com/", "appprotectdos.f5.com/", "haproxy.org/",
        "haproxy-ingress.github.io/", "ingress.cilium.io/", "ingress.kubernetes.io/", "ingress.pomerium.io/", "konghq.com/",
        "kubernetes.io/ingress.allow-http", "kubernetes.io/ingress.global-static-ip-name", "networking.gke.io/", "nginx.com/", "nginx.org/",
        "projectcontour.io/", "traefik.ingress.kubernetes.io/",
    ];

    /// <summary>Whether an annotation is one of theirs.</summary>
    public static bool IsTheirs(string name) => Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>At most one finding, which names some of them.</summary>
    /// <param name="at">The Ingress.</param>
    /// <param name="annotations">The names of its annotations.</param>
    public static IEnumerable<Finding> Findings(ResourceKey at, IEnumerable<string> annotations)
    {
        string[] names = [.. annotations.Where(IsTheirs).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
            yield break;
        var shown = string.Join(", ", names.Take(MostNames).Select(name => KubernetesName.Show(name, 120)));
        var more = names.Length > MostNames ? ", …" : "";
        yield return new(at, Severity.Notice, "AnnotationsNotRead",
            $"metadata.annotations has {shown}{more}, which other controllers read. Nothing that they ask for is done here, be it a "
            + "redirect or access control. Remove them, or leave the Ingress to the controller that reads them.");
    }
}
