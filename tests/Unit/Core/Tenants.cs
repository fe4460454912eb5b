using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What clients of a host get, as a proxy looks it up, and the manifests of tenants.</summary>
internal static class Tenants
{
    /// <summary>What is wanted of some Ingresses.</summary>
    public static DesiredState Wanted(HostOwnership ownership, string yaml) =>
        DesiredState.Of(Manifests.Cluster(yaml), Happenings.Options with { Ownership = ownership });

    /// <summary>An Ingress of Service <c>web</c> of its namespace, created in that month of 2026.</summary>
    public static string Ingress(string ns, string name, int month, string spec) => $$"""

        ---
        kind: Ingress
        metadata: {namespace: {{ns}}, name: {{name}}, creationTimestamp: "2026-{{month:00}}-01T00:00:00Z"}
        spec: {ingressClassName: ours, {{spec}}}
        """;

    /// <summary>A rule.</summary>
    public static string Rule(string? host, params string[] paths) =>
        $"{{{(host is null ? "" : $"host: '{host}', ")}http: {{paths: [{string.Join(", ", paths.Select(path =>
            $"{{path: {path}, pathType: Prefix, backend: {Web}}}"))}]}}}}";

    /// <summary>The backend of all of them.</summary>
    public const string Web = "{service: {name: web, port: {number: 80}}}";

    /// <summary>The backend that answers; null for 404.</summary>
    public static string? Backend(this DesiredState wanted, string host, string path) =>
        Lookup.Find(Stages.Routes(wanted.Model), host, path);

    /// <summary>The namespace whose pods answer; null for 404, <c>-</c> for 503.</summary>
    public static string? Answers(this DesiredState wanted, string host, string path = "/") =>
        wanted.Backend(host, path) switch
        {
            null => null,
            HAProxyRoutes.NoBackend => "-",
            var backend => backend.Split(':')[1],
        };

    /// <summary>
    /// The certificate that a client of a host is shown: that of the name, else of the wildcard above it, else the default one (null).
    /// </summary>
    public static CertificateReference? Shown(this DesiredState wanted, string host)
    {
        var (own, wildcard) = (Routes(host), HostOwners.Above(host) is { } above ? Routes(above) : null);
        return own?.Certificate ?? (own is { KeepsDefaultCertificate: true } ? null : wildcard?.Certificate);

        HostRoutes? Routes(string name) => wanted.Model.Hosts.GetValueOrDefault(new(IngressTranslation.Table, name));
    }

    /// <summary>The findings of one Ingress, by reason.</summary>
    public static string[] Reasons(this DesiredState wanted, string ns, string name) => [.. wanted.Findings
        .Where(one => one.Object == new ResourceKey(ResourceKind.Ingress, ns, name))
        .Where(one => one.Reason is not ("ServiceNotFound" or "SecretNotFound"))
        .Select(one => $"{one.Severity} {one.Reason}").Order(StringComparer.Ordinal)];

    /// <summary>The hosts that an Ingress names.</summary>
    public static IEnumerable<string> Names(this DesiredState wanted, Resource resource) =>
        (wanted.Translation.ContributionOf(resource.Key)?.Claims ?? []).Select(claim => claim.Host);
}
