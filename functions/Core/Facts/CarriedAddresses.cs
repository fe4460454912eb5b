using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Facts;

/// <summary>An IPv4 address that an IPv6 one carries: whoever routes that form takes it out and sends the packet there.</summary>
/// <param name="Address">The IPv4 address.</param>
/// <param name="Form">What the form is called.</param>
internal readonly record struct CarriedAddress(uint Address, string Form)
{
    /// <summary>For people: the IPv4 address, and in what form it is there.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Address >> 24}.{(byte)(Address >> 16)}.{(byte)(Address >> 8)}.{(byte)Address} in {Form}");
}

/// <summary>
/// The IPv4 addresses that an IPv6 address carries, in every form of which the whole address says where they are. In <c>::/96</c>,
/// <c>::ffff:0:0/96</c> and <c>64:ff9b:1::/48</c> none is looked for: nothing in them is taken at all (<see cref="ReservedNetworks"/>).
/// </summary>
internal static class CarriedAddresses
{
    /// <summary>Reads them; most addresses carry none.</summary>
    public static CarriedAddress[] In(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return [];
        var bits = AddressBits.Of(address);
        var (upper, lower) = ((ulong)(bits >> 64), (ulong)bits);
        CarriedAddress[] ofPrefix = (upper, lower >> 32) switch
        {
            (0x0064_ff9b_0000_0000, 0) => [new((uint)lower, "NAT64 form (RFC 6052)")],
            (0, 0xffff_0000) => [new((uint)lower, "translated form (RFC 2765)")],
            _ when upper >> 48 == 0x2002 => [new((uint)(upper >> 16), "6to4 form (RFC 3056)")],

            // The client's address is there with each bit turned over, the server's as it is.
            _ when upper >> 32 == 0x2001_0000 => [new(~(uint)lower, "Teredo form (RFC 4380)"), new((uint)upper, "Teredo form (RFC 4380)")],
            _ => [],
        };

        // ISATAP stands behind any prefix; the u bit says whether the IPv4 address is unique in the world.
        return (lower >> 32 & 0xfdff_ffff) == 0x0000_5efe ? [.. ofPrefix, new((uint)lower, "ISATAP form (RFC 5214)")] : ofPrefix;
    }
}
