namespace IngressReconciler.Routing;

/// <summary>What stands in front of the NodePorts.</summary>
public enum EdgeShape
{
    /// <summary>A load balancer that passes packets on: ingress proxies see the client's own address, and nobody sends a PROXY header.</summary>
    LoadBalancer,

    /// <summary>Edge proxies of ours behind a load balancer that passes packets on.</summary>
    Proxies,

    /// <summary>Edge proxies of ours behind a private link, which begins every connection with a PROXY header.</summary>
    PrivateLink,
}

/// <summary>The edge of a cluster.</summary>
/// <param name="Shape">What it is made of.</param>
/// <param name="Sources">Networks (CIDR, canonical) that edge proxies connect from.</param>
public sealed record EdgeOptions(EdgeShape Shape, ValueList<string> Sources)
{
    /// <summary>Whether there are edge proxies.</summary>
    public bool HasProxies => Shape is not EdgeShape.LoadBalancer;
}
