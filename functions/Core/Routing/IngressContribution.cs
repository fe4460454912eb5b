using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>
/// What one Ingress asks for, by itself; whose a host is, is settled by <see cref="HostOwnership"/>, and the claims of several on one host
/// by <see cref="HostMerge"/>.
/// </summary>
/// <param name="Ingress">The Ingress.</param>
/// <param name="Created">Its age: the older of two that claim the same thing has it.</param>
/// <param name="Claims">What it asks for, one a host that it names, whether anything of it can be served or not.</param>
/// <param name="Default">Where requests go that no rule matches: to every host, and to those that it names.</param>
/// <param name="Findings">What is wrong with it by itself.</param>
/// <param name="References">Services and Secrets that were looked up: when one changes, this is made anew.</param>
public sealed record IngressContribution(
    ResourceKey Ingress,
    DateTimeOffset Created,
    ValueList<HostClaim> Claims,
    Route? Default,
    ValueList<Finding> Findings,
    ValueList<ResourceKey> References)
{
    /// <summary>It as a claim on whatever hosts it names.</summary>
    public OwnershipClaim Claim => new(Ingress, Created);

    /// <summary>Whether it names hosts, besides every host.</summary>
    public bool HasHosts => Claims.Any(claim => claim.Host != HostKey.AnyHost);

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
/// <param name="Field">The field that names it first.</param>
/// <param name="Routes">Its routes, in the object's order.</param>
/// <param name="Certificate">The certificate it names for the host.</param>
public sealed record HostClaim(string Host, string Field, ValueList<Route> Routes, CertificateReference? Certificate);
