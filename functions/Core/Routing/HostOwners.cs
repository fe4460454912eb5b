using System.Collections.Immutable;

namespace IngressReconciler.Routing;

/// <summary>
/// Who holds which host, and which hosts depend on which: kept so that a change settles the hosts that it concerns and no others. A
/// wildcard host concerns the names under it; every host (<c>*</c>) concerns the hosts of the namespace that it belonged or now belongs to.
/// </summary>
public sealed record HostOwners
{
    /// <summary>No host is named.</summary>
    public static HostOwners None { get; } = new();

    /// <summary>The namespaces that hold each host that is named: its owner's, or those that it is listed for.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> Holders { get; init; } =
        ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>The hosts that each namespace holds.</summary>
    public ImmutableDictionary<string, ImmutableHashSet<string>> HeldBy { get; init; } =
        ImmutableDictionary<string, ImmutableHashSet<string>>.Empty;

    /// <summary>The names under each wildcard host that are named, whether it is or not.</summary>
    public ImmutableDictionary<string, ImmutableHashSet<string>> Under { get; init; } =
        ImmutableDictionary<string, ImmutableHashSet<string>>.Empty;

    /// <summary>The hosts whose routes depend on what is asked for on every host.</summary>
    public ImmutableHashSet<string> Repeating { get; init; } = [];

    /// <summary>Whether a host is a wildcard, which stands for one label.</summary>
    public static bool IsWildcard(string host) => host is ['*', '.', ..];

    /// <summary>The wildcard host above a name; null for what is none, and for a name of one label.</summary>
    public static string? Above(string host) =>
        host[0] != '*' && host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? "*" + host[dot..] : null;

    /// <summary>The same, to be changed.</summary>
    internal Builder ToBuilder() => new(this);

    /// <summary>Owners that are being settled.</summary>
    internal sealed class Builder(HostOwners before)
    {
        private readonly ImmutableDictionary<string, ImmutableArray<string>>.Builder holders = before.Holders.ToBuilder();
        private readonly MultimapBuilder<string, string> heldBy = new(before.HeldBy);
        private readonly MultimapBuilder<string, string> under = new(before.Under);
        private readonly ImmutableHashSet<string>.Builder repeating = before.Repeating.ToBuilder();

        public HostOwners Build() => before with
        {
            Holders = holders.ToImmutable(),
            HeldBy = heldBy.ToImmutable(),
            Under = under.ToImmutable(),
            Repeating = repeating.ToImmutable(),
        };

        public IEnumerable<string> Repeating => repeating;

        public ImmutableArray<string> HoldersOf(string host) => holders.GetValueOrDefault(host, []);

        public IReadOnlyCollection<string> HeldBy(string ns) => heldBy[ns];

        public IReadOnlyCollection<string> Under(string wildcard) => under[wildcard];

        /// <summary>Notes whether a host is named by anybody.</summary>
        public void Name(string host, bool isNamed)
        {
            if (Above(host) is not { } wildcard)
                return;
            if (isNamed)
                under.Add(wildcard, host);
            else
                under.Remove(wildcard, host);
        }

        /// <summary>Notes who holds a host, and whether its routes depend on what is asked for on every host.</summary>
        public void Hold(string host, ImmutableArray<string> now, bool repeats)
        {
            var old = HoldersOf(host);
            if (!old.AsSpan().SequenceEqual(now.AsSpan()))
            {
                heldBy.Move(old, now, host);
                if (now.IsEmpty)
                    holders.Remove(host);
                else
                    holders[host] = now;
            }

            if (repeats)
                repeating.Add(host);
            else
                repeating.Remove(host);
        }
    }
}
