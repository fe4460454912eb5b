using System.Net;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Manifests of a host that is served over TLS.</summary>
internal static class TlsManifests
{
    /// <summary>
    /// A Service, its EndpointSlice with one pod and an Ingress, all of one name in namespace <c>shop</c>; the Ingress serves
    /// <c>name.example</c> with the pair of a Secret.
    /// </summary>
    public static string Of(string name, string secret, IPAddress address, int port) => """
        {apiVersion: v1, kind: Service, metadata: {name: NAME, namespace: shop}, spec: {ports: [{name: http, port: 80}]}}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: NAME-1, namespace: shop, labels: {kubernetes.io/service-name: NAME}}
        addressType: IPv4
        ports: [{name: http, port: PORT}]
        endpoints: [{addresses: [ADDRESS], targetRef: {kind: Pod, name: NAME-1}}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: NAME, namespace: shop}
        spec:
          tls: [{hosts: [NAME.example], secretName: SECRET}]
          rules: [{host: NAME.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: NAME, port: {number: 80}}}}]}}]

        """.Replace("NAME", name, StringComparison.Ordinal)
        .Replace("SECRET", secret, StringComparison.Ordinal)
        .Replace("PORT", $"{port}", StringComparison.Ordinal)
        .Replace("ADDRESS", $"{address}", StringComparison.Ordinal);
}
