using System.Buffers.Binary;
using System.Net;
using System.Numerics;
using System.Text;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>Headers of the PROXY protocol, right and wrong, built byte by byte.</summary>
internal static class ProxyHeaders
{
    /// <summary>Version 2, command LOCAL: the sender speaks for itself.</summary>
    public const byte LocalCommand = 0x20;

    /// <summary>Version 2, command PROXY: the sender speaks for a client.</summary>
    public const byte ProxyCommand = 0x21;

    /// <summary>Families with their transports.</summary>
    public const byte Unspecified = 0x00, Tcp4 = 0x11, Udp4 = 0x12, Tcp6 = 0x21, Udp6 = 0x22, Unix = 0x31, UnixDatagram = 0x32;

    /// <summary>Types of TLVs.</summary>
    public const byte Alpn = 0x01, Authority = 0x02, Checksum = 0x03, Noop = 0x04, UniqueId = 0x05, Ssl = 0x20, PrivateLink = 0xEE, LinkId = 0xE1;

    /// <summary>How long the signature of version 2 is, and it with version, command, family and length.</summary>
    public const int SignatureLength = 12, FixedLength = 16;

    /// <summary>Version 1: a line, with the line end that it says.</summary>
    public static byte[] Text(string line) => Encoding.Latin1.GetBytes(line);

    /// <summary>Version 2, of any content.</summary>
    public static byte[] Binary(byte command, byte family, byte[] addresses, params byte[][] tlvs)
    {
        byte[] rest = [.. addresses, .. tlvs.SelectMany(tlv => tlv)];
        return Sized(command, family, checked((ushort)rest.Length), rest);
    }

    /// <summary>Version 2 with a length that need not be true.</summary>
    public static byte[] Sized(byte command, byte family, ushort length, byte[] rest) =>
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, family, (byte)(length >> 8), (byte)length, .. rest];

    /// <summary>Version 2 for a client of either family, port 4711.</summary>
    public static byte[] For(string client, params byte[][] tlvs) => Binary(ProxyCommand, client.Contains(':', StringComparison.Ordinal) ? Tcp6 : Tcp4, Addresses(client), tlvs);

    /// <summary>The address block for a client of either family, port 4711.</summary>
    public static byte[] Addresses(string client)
    {
        var source = IPAddress.Parse(client).GetAddressBytes();
        var destination = IPAddress.Parse(source.Length == 4 ? "192.0.2.1" : "2001:db8::1").GetAddressBytes();
        return [.. source, .. destination, 0x12, 0x67, 0, 80];
    }

    /// <summary>A TLV.</summary>
    public static byte[] Tlv(byte type, params byte[] value) => [type, (byte)(value.Length >> 8), (byte)value.Length, .. value];

    /// <summary>The header with a TLV more: the CRC-32C of all of it, counted with zeroes in the checksum's own place.</summary>
    public static byte[] WithChecksum(byte[] header)
    {
        byte[] whole = [.. header, .. Tlv(Checksum, 0, 0, 0, 0)];
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(SignatureLength + 2), (ushort)(whole.Length - FixedLength));
        var crc = uint.MaxValue;
        foreach (var octet in whole)
            crc = BitOperations.Crc32C(crc, octet);
        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(^4..), ~crc);
        return whole;
    }

    /// <summary>The same with one bit turned over.</summary>
    /// <param name="header">What is left as it is.</param>
    /// <param name="bit">Which: eight to a byte, from the first.</param>
    public static byte[] Flip(byte[] header, int bit)
    {
        var copy = header.ToArray();
        copy[bit / 8] ^= (byte)(1 << (bit % 8));
        return copy;
    }
}
