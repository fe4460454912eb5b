using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>networking.k8s.io/v1 Ingress.</summary>
public sealed record Ingress : Resource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.Ingress;

    /// <summary>What is asked for.</summary>
    public IngressSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>Where it says that it is served; null when nothing was ever said.</summary>
    public IngressStatus? Status { get; init; }
}

/// <summary><c>Ingress.status</c>.</summary>
public sealed record IngressStatus
{
    /// <summary>The addresses in front of it.</summary>
    public IngressLoadBalancer? LoadBalancer { get; init; }
}

/// <summary><c>Ingress.status.loadBalancer</c>.</summary>
/// <param name="Ingress">The addresses.</param>
public sealed record IngressLoadBalancer(LoadBalancerAddress[]? Ingress);

/// <summary>One address of a load balancer: an IP address or a DNS name.</summary>
/// <param name="Ip">The address; null when it has a name.</param>
/// <param name="Hostname">The name.</param>
public sealed record LoadBalancerAddress(string? Ip, string? Hostname);

/// <summary><c>Ingress.spec</c>.</summary>
public sealed record IngressSpec
{
    /// <summary>Name of the IngressClass; null means the default class.</summary>
    public string? IngressClassName { get; init; }

    /// <summary>Where requests go that match no rule.</summary>
    public IngressBackend? DefaultBackend { get; init; }

    /// <summary>TLS bindings.</summary>
    public IngressTls[]? Tls { get; init; }

    /// <summary>Rules, one a host.</summary>
    public IngressRule[]? Rules { get; init; }
}

/// <summary>A set of hosts and the Secret with their certificate.</summary>
/// <param name="Hosts">Server names; none means the hosts of the Ingress's rules.</param>
/// <param name="SecretName">Secret in the Ingress's namespace; null means the default certificate.</param>
public sealed record IngressTls(string[]? Hosts, string? SecretName);

/// <summary>The paths of one host.</summary>
/// <param name="Host">Exact or wildcard host; null or empty for every host.</param>
/// <param name="Http">Its paths.</param>
public sealed record IngressRule(string? Host, IngressRuleHttp? Http);

/// <summary><c>rules[].http</c>.</summary>
/// <param name="Paths">The paths.</param>
public sealed record IngressRuleHttp(IngressPath[]? Paths);

/// <summary>One path and where it goes.</summary>
/// <param name="Path">The path; empty means <c>/</c> unless the type is Exact.</param>
/// <param name="PathType">Exact, Prefix or ImplementationSpecific.</param>
/// <param name="Backend">Where it goes.</param>
public sealed record IngressPath(string? Path, string? PathType, IngressBackend? Backend);

/// <summary>A backend: a Service, or another object (which no rule of ours can serve).</summary>
/// <param name="Service">Service and port.</param>
/// <param name="Resource">Reference to some other kind.</param>
public sealed record IngressBackend(IngressServiceBackend? Service, ResourceReference? Resource);

/// <summary>Service and port.</summary>
/// <param name="Name">Service in the Ingress's namespace.</param>
/// <param name="Port">Port by name or number.</param>
public sealed record IngressServiceBackend(string? Name, ServiceBackendPort? Port);

/// <summary>A Service's port, by name or by number.</summary>
/// <param name="Name">Port name.</param>
/// <param name="Number">Port number; 0 or null for none.</param>
public sealed record ServiceBackendPort(string? Name, int? Number);

/// <summary>A reference to an object of any kind in the same namespace.</summary>
/// <param name="ApiGroup">Its API group.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
public sealed record ResourceReference(string? ApiGroup, string? Kind, string? Name);
