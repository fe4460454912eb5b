using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Facts;

/// <summary>
/// Addresses of both families as numbers of 128 bits, an IPv4 address as <c>::ffff:a.b.c.d</c> has it (RFC 4291 section 2.5.5.2).
/// </summary>
internal static class AddressBits
{
    private const ulong Mapped = 0xffff_0000_0000;

    /// <summary>The number of an address.</summary>
    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? Of(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The number of an IPv4 address.</summary>
    public static UInt128 Of(uint address) => new(0, Mapped | address);

    /// <summary>Orders addresses as their bytes do.</summary>
    public static int Compare(IPAddress left, IPAddress right)
    {
        var bytes = LeftAligned(left).CompareTo(LeftAligned(right));
        return bytes != 0 ? bytes : left.AddressFamily.CompareTo(right.AddressFamily);
    }

    private static UInt128 LeftAligned(IPAddress address) => Of(address) << (address.AddressFamily == AddressFamily.InterNetwork ? 96 : 0);
}

/// <summary>A network of either family.</summary>
internal readonly struct NetworkBits
{
    private readonly UInt128 network;
    private readonly UInt128 mask;

    /// <summary>Of a network as an operator or a standard writes it.</summary>
    public NetworkBits(IPNetwork of)
    {
        var isIPv4 = of.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        var bits = of.PrefixLength + (isIPv4 ? 96 : 0);
        mask = bits == 0 ? 0 : UInt128.MaxValue << (128 - bits);
        network = AddressBits.Of(of.BaseAddress) & mask;
    }

    /// <summary>Whether an address is in it.</summary>
    public bool Has(UInt128 address) => (address & mask) == network;
}
