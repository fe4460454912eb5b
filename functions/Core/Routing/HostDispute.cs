namespace IngressReconciler.Routing;

/// <summary>
/// What is told of a host that more is asked for than is served of: to those who do not get it, and to the owner. Neither learns the
/// other's names. It is put into words when it is first asked for.
/// </summary>
/// <param name="level">The host.</param>
/// <param name="ownership">Which namespace a host belongs to.</param>
internal sealed class HostDispute(HostLevel level, HostOwnership ownership)
{
    private ValueList<Finding>? findings;

    /// <summary>The findings.</summary>
    /// <param name="asks">What the object of a claim asks for.</param>
    public ValueList<Finding> Findings(Func<OwnershipClaim, IngressContribution> asks) => findings ??= All(asks).ToValueList();

    private IEnumerable<Finding> All(Func<OwnershipClaim, IngressContribution> asks)
    {
        var host = level.Host;
        foreach (var conflict in level.Asked.Conflicts(asks))
            yield return conflict;
        if (level is { IsTooMuchBelow: true, Owner: { } holder })
            yield return new(holder.Object, Severity.Error, "FallThroughTooLarge",
                $"host {host}: less specific hosts of this namespace have over {HostFallThrough.MostRepeated} paths, and what this host "
                + "leaves cannot be led to them past another namespace's wildcard host or a default backend. Give it paths of its own.");

        var shown = host == HostKey.AnyHost ? "every host" : $"host {host}";
        OwnershipClaim[] refused = [.. level.Rivals, .. level.Barred];
        var isUnder = level.Owner is { } decided && !level.Asked.Claims.Contains(decided);
        foreach (var claim in refused)
        {
            var (one, on) = (asks(claim), asks(claim).ClaimOn(host)!);
            var why = !ownership.MayClaim(claim.Namespace, host) ? "is reserved for another namespace by the operator's setting Hosts"
                : isUnder ? $"is under the wildcard host {HostOwners.Above(host)} of another namespace, which is older"
                : "belongs to another namespace, which named it first";
            yield return host == HostKey.AnyHost && one.Default is not null && on.Routes.Count == 0 && one.HasHosts
                ? new(claim.Object, Severity.Notice, "HostOwned",
                    $"{on.Field} answers for the hosts of this Ingress only: {shown} {why}.")
                : new(claim.Object, Severity.Error, "HostOwned",
                    $"{on.Field}: {shown} {why}. Nothing of this Ingress is served there, no path and no certificate. "
                    + "Name another host, or "
                    + "have the operator list it for this namespace in the setting Hosts.");
        }

        // One notice for a wildcard host, however many names under it are asked for.
        if (refused.Length > 0 && level.Owner is { } owner)
            yield return new(owner.Object, Severity.Notice, "HostAskedForByOthers",
                (isUnder ? $"names under host {HostOwners.Above(host)}, which belongs to this namespace, are"
                    : $"{shown}, which belongs to this namespace, is")
                + " asked for by another namespace, too. Nothing of that is served. If another namespace shall have it, remove it here, "
                + "or have the operator list it there in the setting Hosts.");
    }
}
