using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>What one Ingress asks for, by itself; the claims of several on one host are settled by <see cref="HostMerge"/>.</summary>
/// <param name="Ingress">The Ingress.</param>
/// <param name="Created">Its age: the older of two that claim the same thing has it.</param>
/// <param name="Claims">What it asks for, one a host.</param>
/// <param name="Findings">What is wrong with it by itself.</param>
/// <param name="References">Services and Secrets that were looked up: when one changes, this is made anew.</param>
public sealed record IngressContribution(
    ResourceKey Ingress, DateTimeOffset Created, ValueList<HostClaim> Claims, ValueList<Finding> Findings, ValueList<ResourceKey> References)
{
    /// <summary>The claim on a host, or null.</summary>
    public HostClaim? ClaimOn(string host)
    {
        foreach (var claim in Claims)
        {
            if (claim.Host == host)
                return claim;
        }

        return null;
    }
}

/// <summary>What one object asks for on one host.</summary>
/// <param name="Host">The host, in normal form.</param>
/// <param name="Routes">Its routes, in the object's order.</param>
/// <param name="Default">Where requests go that nothing else on this host matches; it yields to every route.</param>
/// <param name="Certificate">The certificate it names for the host.</param>
public sealed record HostClaim(string Host, ValueList<Route> Routes, Route? Default, CertificateReference? Certificate);
