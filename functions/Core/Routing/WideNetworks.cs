using System.Net;
using System.Numerics;

namespace IngressReconciler.Routing;

/// <summary>
/// Which networks together are the whole world. To trust them is to trust everybody, however the world was cut into pieces: <c>0.0.0.0/1</c> and
/// <c>128.0.0.0/1</c>, <c>2000::/3</c>, or <c>::ffff:0:0/96</c>, which is IPv4 written as IPv6 and taken for it by proxies too.
/// </summary>
internal static class WideNetworks
{
    /// <summary>An eighth of all addresses; the largest list of one owner is some hundredths.</summary>
    private const int Part = 8;

    private static readonly Space Version4 = new(new(IPAddress.Any, 0));
    private static readonly Space Mapped4 = new(IPNetwork.Parse("::ffff:0:0/96"));

    private static readonly Space Version6 = new(new(IPAddress.IPv6Any, 0));

    /// <summary>All that is given out to anybody (RFC 4291, section 2.4).</summary>
    private static readonly Space Global6 = new(IPNetwork.Parse("2000::/3"));

    /// <summary>Those to leave out, widest first and all of one width together, until the rest is not everybody.</summary>
    public static HashSet<IPNetwork> In(IReadOnlyCollection<IPNetwork> networks) =>
        [.. In(networks, Version4, Mapped4), .. In(networks, Version6), .. In(networks, Global6)];

    private static IEnumerable<IPNetwork> In(IReadOnlyCollection<IPNetwork> networks, params Space[] spaces)
    {
        var rest = networks
            .SelectMany(network => spaces.Select(space => (Network: network, Range: space.Of(network))))
            .Where(one => one.Range.Length > 0)
            .OrderByDescending(one => one.Range.Length).ToList();
        while (Covered(rest.Select(one => one.Range)) * Part >= spaces[0].Length)
        {
            var widest = rest[0].Range.Length;
            foreach (var (network, _) in rest.Where(one => one.Range.Length == widest))
                yield return network;
            rest.RemoveAll(one => one.Range.Length == widest);
        }
    }

    private static BigInteger Covered(IEnumerable<Range> ranges)
    {
        var (covered, end) = (BigInteger.Zero, BigInteger.Zero);
        foreach (var range in ranges.OrderBy(range => range.Start))
        {
            covered += BigInteger.Max(0, range.End - BigInteger.Max(end, range.Start));
            end = BigInteger.Max(end, range.End);
        }

        return covered;
    }

    /// <summary>Addresses from <paramref name="Start"/> up to, without, <paramref name="End"/>, counted from the beginning of a space.</summary>
    private readonly record struct Range(BigInteger Start, BigInteger End)
    {
        public BigInteger Length => BigInteger.Max(0, End - Start);
    }

    /// <summary>A part of the addresses of one family.</summary>
    private sealed class Space(IPNetwork network)
    {
        private readonly BigInteger start = Number(network.BaseAddress);

        public BigInteger Length { get; } = LengthOf(network);

        /// <summary>What of a network lies here.</summary>
        public Range Of(IPNetwork other)
        {
            if (other.BaseAddress.AddressFamily != network.BaseAddress.AddressFamily)
                return default;
            var first = Number(other.BaseAddress) - start;
            return new(BigInteger.Max(0, first), BigInteger.Min(Length, first + LengthOf(other)));
        }

        private static BigInteger LengthOf(IPNetwork network) => BigInteger.One << ((network.BaseAddress.GetAddressBytes().Length * 8) - network.PrefixLength);

        private static BigInteger Number(IPAddress address) => new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);
    }
}
