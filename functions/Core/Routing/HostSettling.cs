namespace IngressReconciler.Routing;

/// <summary>
/// Settles hosts that belong to one namespace each: whose each is, what its owner asks for there, what falls through, and what is told to
/// those who may not have it and to the owner. Neither learns the other's names.
/// </summary>
/// <param name="ownership">Which namespace a host belongs to.</param>
/// <param name="owners">Who held which host; brought up to date.</param>
/// <param name="claimsOn">Everything that names a host, in any order.</param>
internal sealed class HostSettling(
    HostOwnership ownership, HostOwners.Builder owners, Func<string, IEnumerable<IngressContribution>> claimsOn)
{
    private readonly Dictionary<string, HostLevel?> levels = new(StringComparer.Ordinal);

    /// <summary>Settles what a change touches.</summary>
    /// <param name="named">Hosts that were or are named by what changed.</param>
    /// <returns>Each host that may differ, with its routes (null for none) and findings.</returns>
    public IEnumerable<(string Host, HostRoutes? Routes, ValueList<Finding> Findings)> Settle(IReadOnlySet<string> named)
    {
        foreach (var host in named)
            owners.Name(host, IsNamed(host));

        // Every host first, then wildcard hosts, then names: each depends on those before it only.
        var touched = new HashSet<string>(named, StringComparer.Ordinal);
        if (touched.Contains(HostKey.AnyHost))
        {
            var before = owners.HoldersOf(HostKey.AnyHost);
            yield return Settle(HostKey.AnyHost);
            var after = owners.HoldersOf(HostKey.AnyHost);
            touched.UnionWith(owners.Repeating);
            if (!before.SequenceEqual(after))
                touched.UnionWith(before.Concat(after).SelectMany(owners.HeldBy));
            touched.Remove(HostKey.AnyHost);
        }

        foreach (var host in touched.Where(HostOwners.IsWildcard).Order(StringComparer.Ordinal).ToArray())
        {
            yield return Settle(host);
            if (named.Contains(host))
                touched.UnionWith(owners.Under(host));
        }

        foreach (var host in touched.Where(host => host[0] != '*').Order(StringComparer.Ordinal))
            yield return Settle(host);
    }

    private bool IsNamed(string host) => ownership.Lists(host) || claimsOn(host).Any();

    private (string Host, HostRoutes? Routes, ValueList<Finding> Findings) Settle(string host)
    {
        if (LevelOf(host) is not { } level)
        {
            owners.Hold(host, [], repeats: false);
            return (host, null, []);
        }

        HostLevel?[] below = host == HostKey.AnyHost ? []
            : HostOwners.Above(host) is { } wildcard ? [LevelOf(wildcard), LevelOf(HostKey.AnyHost)]
            : [LevelOf(HostKey.AnyHost)];
        var (routes, repeats, tooMany) = HostFallThrough.Close(level, [.. below.OfType<HostLevel>()]);
        owners.Hold(host, level.Holders, repeats || level.Asked.Default is not null);
        var findings = new List<Finding>(level.Asked.Conflicts.Items);
        if (tooMany && level.Owner is { } owner)
            findings.Add(new(owner.Object, Severity.Error, "FallThroughTooLarge",
                $"host {host}: less specific hosts of this namespace have over {HostFallThrough.MostRepeated} paths, and what this host "
                + "leaves cannot be led to them past another namespace's wildcard host or a default backend. Give it paths of its own."));
        Refuse(level, findings);
        return (host, routes, findings.ToValueList());
    }

    /// <summary>A host by itself; null when nobody holds it. Of every host and of wildcard hosts it is made once.</summary>
    private HostLevel? LevelOf(string host)
    {
        if (levels.TryGetValue(host, out var known))
            return known;
        IngressContribution[] claims = [.. claimsOn(host)];
        var above = HostOwners.Above(host) is { } wildcard ? LevelOf(wildcard) : null;
        var owner = claims.Length == 0 ? null : ownership.OwnerOf(host, claims.Select(one => one.Claim), above?.Owner);
        HostLevel? level = null;
        if (claims.Length > 0 || ownership.Lists(host))
        {
            IngressContribution[] own = [.. claims.Where(one => one.Ingress.Namespace == owner?.Namespace)
                .OrderBy(one => one.Claim, OwnershipClaim.OlderFirst)];
            var origin = own is [var oldest, ..] ? new RouteOrigin(oldest.Ingress, oldest.ClaimOn(host)!.Field)
                : owner is { } elsewhere ? new(elsewhere.Object, "spec")
                : new(EdgeTranslation.Key, "setting Hosts");
            level = new(
                host,
                owner,
                owner is { } decided ? [decided.Namespace] : ownership.ListedFor(host) ?? [],
                origin,
                HostMerge.Of(host, own, ownDefaults: true));
        }

        if (host[0] == '*')
            levels[host] = level;
        return level;
    }

    private void Refuse(HostLevel level, List<Finding> findings)
    {
        var (host, shown) = (level.Host, level.Host == HostKey.AnyHost ? "every host" : $"host {level.Host}");
        IngressContribution[] refused = [.. claimsOn(host).Where(one => one.Ingress.Namespace != level.Owner?.Namespace)];
        var isUnder = level.Owner is { } decided && claimsOn(host).All(one => one.Claim != decided);
        foreach (var one in refused)
        {
            var field = one.ClaimOn(host)!.Field;
            var why = !ownership.MayClaim(one.Ingress.Namespace, host) ? "is reserved for another namespace by the operator's setting Hosts"
                : isUnder ? $"is under the wildcard host {HostOwners.Above(host)} of another namespace, which is older"
                : "belongs to another namespace, which named it first";
            findings.Add(host == HostKey.AnyHost && one.Default is not null && one.ClaimOn(host)!.Routes.Count == 0 && one.HasHosts
                ? new(one.Ingress, Severity.Notice, "HostOwned",
                    $"{field} answers for the hosts of this Ingress only: {shown} {why}.")
                : new(one.Ingress, Severity.Error, "HostOwned",
                    $"{field}: {shown} {why}. Nothing of this Ingress is served there, no path and no certificate. Name another host, or "
                    + "have the operator list it for this namespace in the setting Hosts."));
        }

        // One notice for a wildcard host, however many names under it are asked for.
        if (refused.Length > 0 && level.Owner is { } owner)
            findings.Add(new(owner.Object, Severity.Notice, "HostAskedForByOthers",
                (isUnder ? $"names under host {HostOwners.Above(host)}, which belongs to this namespace, are"
                    : $"{shown}, which belongs to this namespace, is")
                + " asked for by another namespace, too. Nothing of that is served. If another namespace shall have it, remove it here, "
                + "or have the operator list it there in the setting Hosts."));
    }
}
