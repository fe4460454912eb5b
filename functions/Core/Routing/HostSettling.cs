using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>A host that was settled.</summary>
/// <param name="Host">Which.</param>
/// <param name="Level">What is known of it; null when nobody holds it.</param>
/// <param name="Routes">What it serves; null for nothing.</param>
/// <param name="Touched">The matches outside of which no route is another than before.</param>
internal readonly record struct SettledHost(string Host, HostLevel? Level, HostRoutes? Routes, ImmutableArray<RouteMatch> Touched);

/// <summary>
/// Settles hosts: whose each is, what its owner asks for there, what falls through. Costs the claims that changed, not those that a
/// host has, unless the host goes to another namespace.
/// </summary>
/// <param name="ownership">Which namespace a host belongs to.</param>
/// <param name="owners">Who held which host; brought up to date.</param>
/// <param name="levels">Every host that is held, as it was; brought up to date.</param>
/// <param name="asks">What the object of a claim asks for, now.</param>
internal sealed class HostSettling(
    HostOwnership ownership,
    HostOwners.Builder owners,
    ImmutableDictionary<string, HostLevel>.Builder levels,
    Func<OwnershipClaim, IngressContribution> asks)
{
    private readonly Dictionary<string, (HostLevel Before, HashSet<RouteMatch> Touched)> claimed = new(StringComparer.Ordinal);

    /// <summary>Settles what a change touches.</summary>
    /// <param name="changes">For each host that was or is named by what changed, what its objects asked for and what they ask for.</param>
    /// <returns>Each host that may differ.</returns>
    public IEnumerable<SettledHost> Settle(IReadOnlyDictionary<string, List<(IngressContribution? Old, IngressContribution? Now)>> changes)
    {
        foreach (var (host, claims) in changes)
            Claim(host, claims);
        if (ownership.IsShared)
            return changes.Keys.Order(StringComparer.Ordinal).Select(Share);
        foreach (var host in changes.Keys)
            owners.Name(host, ownership.Lists(host) || levels[host].IsNamed);
        return Settle(changes.Keys.ToHashSet(StringComparer.Ordinal));
    }

    private IEnumerable<SettledHost> Settle(HashSet<string> named)
    {
        // Every host first, then wildcard hosts, then names: each depends on those before it only.
        var touched = new HashSet<string>(named, StringComparer.Ordinal);
        if (touched.Contains(HostKey.AnyHost))
        {
            var before = owners.HoldersOf(HostKey.AnyHost);
            yield return Own(HostKey.AnyHost);
            var after = owners.HoldersOf(HostKey.AnyHost);
            touched.UnionWith(owners.Repeating);
            if (!before.SequenceEqual(after))
                touched.UnionWith(before.Concat(after).SelectMany(owners.HeldBy));
            touched.Remove(HostKey.AnyHost);
        }

        foreach (var host in touched.Where(HostOwners.IsWildcard).Order(StringComparer.Ordinal).ToArray())
        {
            yield return Own(host);
            if (named.Contains(host))
                touched.UnionWith(owners.Under(host));
        }

        foreach (var host in touched.Where(host => host[0] != '*').Order(StringComparer.Ordinal))
            yield return Own(host);
    }

    /// <summary>Takes down who claims a host now. Whose it is follows.</summary>
    private void Claim(string host, List<(IngressContribution? Old, IngressContribution? Now)> changes)
    {
        var (before, touched) = claimed[host] = (LevelOf(host), []);
        var asked = before.Asked.ToBuilder(touched);
        var (rivals, barred) = (before.Rivals.ToBuilder(), before.Barred.ToBuilder());
        foreach (var (old, now) in changes)
        {
            var ns = (old ?? now)!.Ingress.Namespace;
            if (ownership.IsShared || ns == before.Owner?.Namespace)
            {
                asked.Move(old, now);
                continue;
            }

            var others = ownership.MayClaim(ns, host) ? rivals : barred;
            if (old?.ClaimOn(host) is not null)
                others.Remove(old.Claim);
            if (now?.ClaimOn(host) is not null)
                others.Add(now.Claim);
        }

        levels[host] = before with { Asked = asked.ToImmutable(), Rivals = rivals.ToImmutable(), Barred = barred.ToImmutable() };
    }

    private SettledHost Share(string host)
    {
        var level = levels[host];
        var (before, touched) = claimed[host];
        var last = level.Asked.Default is { } byDefault && level.Asked.Routes.Find(byDefault.Match) is null ? byDefault : null;
        level = level.Serve(last is null ? [] : [last], before, touched);
        return Settled(level, touched, new() { Routes = level.Served, Certificate = level.Asked.Certificate });
    }

    private SettledHost Own(string host)
    {
        var (before, touched) = claimed.TryGetValue(host, out var known) ? known : (LevelOf(host), []);
        if (!ownership.Lists(host) && !LevelOf(host).IsNamed)
        {
            owners.Hold(host, [], repeats: false);
            levels.Remove(host);
            return new(host, null, null, [.. before.Served.Select(route => route.Match)]);
        }

        var level = Decide(LevelOf(host), touched);
        HostLevel?[] below = host == HostKey.AnyHost ? []
            : HostOwners.Above(host) is { } wildcard ? [levels.GetValueOrDefault(wildcard), levels.GetValueOrDefault(HostKey.AnyHost)]
            : [levels.GetValueOrDefault(HostKey.AnyHost)];
        HostLevel[] held = [.. below.OfType<HostLevel>()];
        var through = HostFallThrough.Of(level, held);
        owners.Hold(host, level.Holders, through.Repeats || level.Asked.Default is not null);
        level = level.Serve(through.Added, before, touched) with { IsTooMuchBelow = through.TooMany };
        return Settled(level, touched, new()
        {
            Routes = level.Served,
            Certificate = level.Asked.Certificate,

            // A server name without a certificate of its own would be shown that of the wildcard host.
            KeepsDefaultCertificate = held is [{ Asked.Certificate: not null } above, ..] && !level.SharesHolder(above),
            Ends = through.Ends ? level.Origin : null,
        });
    }

    private SettledHost Settled(HostLevel level, HashSet<RouteMatch> touched, HostRoutes routes)
    {
        var isHeld = level.IsNamed || ownership.Lists(level.Host);
        if (isHeld)
            levels[level.Host] = level;
        else
            levels.Remove(level.Host);
        var isNothing = routes is { Routes.Count: 0, Certificate: null, KeepsDefaultCertificate: false, Ends: null };
        return new(level.Host, isHeld ? level : null, isNothing ? null : routes, [.. touched]);
    }

    /// <summary>Whose a host is. Where that is another namespace than before, everything of the host is settled anew.</summary>
    private HostLevel Decide(HostLevel level, HashSet<RouteMatch> touched)
    {
        var host = level.Host;
        var above = HostOwners.Above(host) is { } wildcard ? levels.GetValueOrDefault(wildcard) : null;
        var owner = level.IsNamed ? ownership.OwnerOf(host, level.Asked.Claims.Take(1).Concat(level.Rivals.Take(1)), above?.Owner) : null;
        if (owner?.Namespace != level.Owner?.Namespace)
            level = Divide(level, owner?.Namespace, touched);
        return level with
        {
            Owner = owner,
            Holders = owner is { } decided ? [decided.Namespace] : ownership.ListedFor(host) ?? [],
            Origin = level.Asked.Claims is [var oldest, ..] ? new(oldest.Object, asks(oldest).ClaimOn(host)!.Field)
                : owner is { } elsewhere ? new(elsewhere.Object, "spec")
                : new(EdgeTranslation.Key, "setting Hosts"),
        };
    }

    private HostLevel Divide(HostLevel level, string? owner, HashSet<RouteMatch> touched)
    {
        touched.UnionWith(level.Asked.Routes.Select(route => route.Match));
        var asked = new HostMerge(level.Host, level.Asked.OwnDefaults).ToBuilder(touched);
        var rivals = OwnershipClaim.NoClaims.ToBuilder();
        foreach (var claim in level.Asked.Claims.Concat(level.Rivals))
        {
            if (claim.Namespace == owner)
                asked.Move(null, asks(claim));
            else
                rivals.Add(claim);
        }

        return level with { Asked = asked.ToImmutable(), Rivals = rivals.ToImmutable() };
    }

    private HostLevel LevelOf(string host) =>
        levels.GetValueOrDefault(host) ?? new(new HostMerge(host, OwnDefaults: !ownership.IsShared));
}
