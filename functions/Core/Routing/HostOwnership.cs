using System.Collections.Frozen;
using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>An object's claim on a host: it names the host. What kind of object it is does not matter.</summary>
/// <param name="Object">The object.</param>
/// <param name="Created">When it was created.</param>
public readonly record struct OwnershipClaim(ResourceKey Object, DateTimeOffset Created)
{
    /// <summary>The namespace that the claim is made for.</summary>
    public string Namespace => Object.Namespace;

    /// <summary>The older claim first; of one age, the first by namespace, then by name.</summary>
    public static IComparer<OwnershipClaim> OlderFirst { get; } = Comparer<OwnershipClaim>.Create(static (left, right) =>
    {
        var decided = left.Created.CompareTo(right.Created);
        if (decided == 0)
            decided = string.CompareOrdinal(left.Namespace, right.Namespace);
        return decided != 0 ? decided : string.CompareOrdinal(left.Object.Name, right.Object.Name);
    });

    /// <summary>No claims, to be kept in that order.</summary>
    internal static ImmutableSortedSet<OwnershipClaim> NoClaims { get; } = ImmutableSortedSet.Create(OlderFirst);
}

/// <summary>An entry of the operator's list: only the namespaces that a host is listed for may claim it.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Host">
/// A host; <c>*.example.com</c> for all names below <c>example.com</c>, of any number of labels; or <c>*</c> for claims on every host.
/// </param>
public readonly record struct HostListing(string Namespace, string Host);

/// <summary>
/// Which namespace a host belongs to, with all its paths and its certificate: that of the oldest claim, unless the operator's list decides.
/// A name under a wildcard host follows the same rule: the older claim of the two has it. Every host (<c>*</c>) is a host of its own.
/// </summary>
public sealed class HostOwnership
{
    private readonly FrozenDictionary<string, ImmutableArray<string>> listed;

    private HostOwnership(bool isShared, IEnumerable<HostListing> listings)
    {
        IsShared = isShared;
        listed = listings.GroupBy(one => one.Host, one => one.Namespace, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.Distinct().ToImmutableArray(), StringComparer.Ordinal);
    }

    /// <summary>Every namespace may add to every host. For migration only: any tenant can take paths of another's host.</summary>
    public static HostOwnership Shared { get; } = new(isShared: true, []);

    /// <summary>Each host belongs to one namespace, by age.</summary>
    public static HostOwnership ByAge { get; } = ByNamespace([]);

    /// <summary>Whether hosts belong to nobody.</summary>
    public bool IsShared { get; }

    /// <summary>The hosts of the list, each as it is listed.</summary>
    public IEnumerable<string> Listed => listed.Keys;

    /// <summary>Each host belongs to one namespace, by the list, then by age.</summary>
    public static HostOwnership ByNamespace(IEnumerable<HostListing> listings) => new(isShared: false, listings);

    /// <summary>Whether the list has this very host: it is reserved while nobody claims it, too.</summary>
    public bool Lists(string host) => listed.ContainsKey(host);

    /// <summary>The namespaces that may claim a host, by the most specific entry of the list; null when all may.</summary>
    public ImmutableArray<string>? ListedFor(string host)
    {
        if (listed.TryGetValue(host, out var namespaces))
            return namespaces;
        for (var name = host; name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot;)
        {
            name = name[(dot + 1)..];
            if (listed.TryGetValue("*." + name, out namespaces))
                return namespaces;
        }

        return null;
    }

    /// <summary>Whether the list lets a namespace claim a host.</summary>
    public bool MayClaim(string ns, string host) => ListedFor(host) is not { } namespaces || namespaces.Contains(ns);

    /// <summary>The claim that decides whose a host is; null when nobody who may claim it does.</summary>
    /// <param name="host">The host.</param>
    /// <param name="claims">All claims on it.</param>
    /// <param name="above">The claim that decides whose the wildcard host above it is; null without one.</param>
    public OwnershipClaim? OwnerOf(string host, IEnumerable<OwnershipClaim> claims, OwnershipClaim? above)
    {
        OwnershipClaim? oldest = null;
        foreach (var claim in above is { } wildcard ? claims.Append(wildcard) : claims)
        {
            if (MayClaim(claim.Namespace, host) && (oldest is not { } known || OwnershipClaim.OlderFirst.Compare(claim, known) < 0))
                oldest = claim;
        }

        return oldest;
    }
}
