using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Facts;

/// <summary>A network in which no Pod is.</summary>
/// <param name="Network">The network, CIDR.</param>
/// <param name="What">What an address of it is, for people.</param>
/// <param name="Source">Where that is said.</param>
internal sealed record ReservedNetwork(string Network, string What, string Source)
{
    /// <summary>The network.</summary>
    public NetworkBits Bits { get; } = new(IPNetwork.Parse(Network));
}

/// <summary>
/// What no EndpointSlice may name, whatever an operator sets: addresses that mean something else on each machine, and those where clouds
/// keep what belongs to a machine alone. A new one is one line here.
/// </summary>
internal static class ReservedNetworks
{
    private const string InIPv4Form = "an IPv4 address in an IPv6 form";

    /// <summary>The table. Of two that have an address the first counts.</summary>
    public static ImmutableArray<ReservedNetwork> All { get; } =
    [
        new("0.0.0.0/8", "an address of no host", "RFC 1122, section 3.2.1.3"),
        new("127.0.0.0/8", "a loopback address", "RFC 1122, section 3.2.1.3"),
        new("169.254.0.0/16", "a link-local address, as clouds' metadata and credentials have", "RFC 3927, section 2.1"),
        new("224.0.0.0/4", "a multicast address", "RFC 5771"),
        new("255.255.255.255/32", "the broadcast address", "RFC 919, section 7"),
        new("168.63.129.16/32", "Azure's own server in each virtual machine", "Azure: What is IP address 168.63.129.16?"),
        new("100.100.100.200/32", "Alibaba Cloud's metadata", "Alibaba Cloud ECS: View instance metadata"),
        new("192.0.0.192/32", "Oracle Cloud's metadata", "Oracle Cloud Infrastructure Classic: Retrieving instance metadata"),

        new("::/128", "an address of no host", "RFC 4291, section 2.5.2"),
        new("::1/128", "a loopback address", "RFC 4291, section 2.5.3"),
        new("::/96", InIPv4Form, "RFC 4291, section 2.5.5.1"),
        new("::ffff:0:0/96", InIPv4Form, "RFC 4291, section 2.5.5.2"),
        new("64:ff9b:1::/48", "an IPv4 address behind a NAT64 of somebody's own, and nothing in it says which", "RFC 8215"),
        new("fe80::/10", "a link-local address", "RFC 4291, section 2.5.6"),
        new("ff00::/8", "a multicast address", "RFC 4291, section 2.7"),
        new("fd00:ec2::/32", "AWS's own in each machine: metadata, Pod identities, DNS", "Amazon EC2: Access instance metadata; Amazon EKS: Pod Identity"),
        new("fd20:ce::254/128", "Google Cloud's metadata", "Compute Engine: Query VM metadata"),
        new("fd00:c1::a9fe:a9fe/128", "Oracle Cloud's metadata", "Oracle Cloud Infrastructure: Getting Instance Metadata"),
        new("fd00:42::42/128", "Scaleway's metadata", "cloud-init: Scaleway datasource"),
        new("fd00:a9fe:a9fe::1/128", "Akamai Cloud's metadata", "Akamai Cloud: Metadata service API"),
        new("fd00:100::100:200/128", "Alibaba Cloud's metadata", "Alibaba Cloud ECS: View instance metadata"),
    ];

    private static readonly ImmutableArray<ReservedNetwork> IPv4 = [.. All.Where(one => !one.Network.Contains(':'))];

    private static readonly ImmutableArray<ReservedNetwork> IPv6 = [.. All.Where(one => one.Network.Contains(':'))];

    /// <summary>The network that an address is in; null for none.</summary>
    public static ReservedNetwork? Find(UInt128 address, AddressFamily family)
    {
        foreach (var one in family == AddressFamily.InterNetwork ? IPv4 : IPv6)
        {
            if (one.Bits.Has(address))
                return one;
        }

        return null;
    }
}
