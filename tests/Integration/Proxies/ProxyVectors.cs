using System.Text;
using static IngressReconciler.Tests.Integration.Proxies.ProxyHeaders;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>What the specification of the PROXY protocol says of a header.</summary>
internal enum Specified
{
    /// <summary>A receiver takes it.</summary>
    Accept,

    /// <summary>A receiver ends the connection.</summary>
    Refuse,

    /// <summary>A receiver may do either.</summary>
    Either,
}

/// <summary>A header from a source that may send one, and what comes of it.</summary>
/// <param name="Name">What is special about it.</param>
/// <param name="Header">Its bytes.</param>
/// <param name="Specified">What the specification says.</param>
/// <param name="HAProxy">What HAProxy does.</param>
/// <param name="Client">Whom HAProxy takes for the client; <see cref="ProxyVectors.Own"/> for the sender itself; null when it takes none.</param>
/// <param name="Why">Where HAProxy and the specification differ: how, and why that harms nobody.</param>
internal sealed record ProxyVector(string Name, byte[] Header, Specified Specified, Outcome HAProxy, string? Client, string? Why)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The table of headers: https://www.haproxy.org/download/3.4/doc/proxy-protocol.txt against HAProxy 3.4.</summary>
internal static class ProxyVectors
{
    /// <summary>The sender itself is the client.</summary>
    public const string Own = "the sender";

    private const string Four = "203.0.113.7";
    private const string Six = "2001:db8::7";
    private const string Line = $"PROXY TCP4 {Four} 192.0.2.1 4711 80";
    private const string Trusted = "only a source that we trust can say so, and it could name any client anyway";
    private const string Closes = "the sender sees it at once; no client is taken for another";

    /// <summary>Version 1.</summary>
    public static IReadOnlyList<ProxyVector> Version1 { get; } =
    [
        Served("TCP4", Text($"{Line}\r\n"), Four),
        Served("TCP6", Text($"PROXY TCP6 {Six} 2001:db8::1 4711 80\r\n"), Six),
        Served("TCP6 in upper case, at length", Text("PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0007 2001:db8::1 4711 80\r\n"), Six),
        Served("TCP6, an IPv4 address in it", Text("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:192.0.2.1 4711 80\r\n"), "::ffff:203.0.113.7"),
        Served("longest TCP4", Text("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255"),
        Served("port 0", Text($"PROXY TCP4 {Four} 192.0.2.1 0 0\r\n"), Four),
        Served("UNKNOWN", Text("PROXY UNKNOWN\r\n"), Own),
        Strict("UNKNOWN with addresses", Text("PROXY UNKNOWN ffff::ffff ffff::ffff 65535 65535\r\n"), $"what follows UNKNOWN should be skipped; {Closes}"),
        Strict("UNKNOWN with a blank", Text("PROXY UNKNOWN \r\n"), $"what follows UNKNOWN should be skipped; {Closes}"),
        Closed("UNKNOWN with LF only", Text("PROXY UNKNOWN\n")),
        Closed("UDP4", Text($"PROXY UDP4 {Four} 192.0.2.1 4711 80\r\n")),
        Closed("TCP5", Text($"PROXY TCP5 {Four} 192.0.2.1 4711 80\r\n")),
        Closed("lower case", Text("proxy tcp4 203.0.113.7 192.0.2.1 4711 80\r\n")),
        Closed("blank in front", Text($" {Line}\r\n")),
        Closed("two blanks after PROXY", Text("PROXY  TCP4 203.0.113.7 192.0.2.1 4711 80\r\n")),
        Closed("two blanks between addresses", Text("PROXY TCP4 203.0.113.7  192.0.2.1 4711 80\r\n")),
        Closed("blank before CRLF", Text($"{Line} \r\n")),
        Closed("tab for a blank", Text("PROXY\tTCP4 203.0.113.7 192.0.2.1 4711 80\r\n")),
        Closed("LF only", Text($"{Line}\n")),
        Closed("CR only", Text($"{Line}\r")),
        Closed("LF and CR", Text($"{Line}\n\r")),
        Closed("no line end", Text(Line)),
        Closed("TCP6, LF only", Text($"PROXY TCP6 {Six} 2001:db8::1 4711 80\n")),
        Closed("no ports", Text($"PROXY TCP4 {Four} 192.0.2.1\r\n")),
        Closed("one port", Text($"PROXY TCP4 {Four} 192.0.2.1 4711\r\n")),
        Closed("TCP6, one port", Text($"PROXY TCP6 {Six} 2001:db8::1 4711\r\n")),
        Closed("negative port", Text($"PROXY TCP4 {Four} 192.0.2.1 -1 80\r\n")),
        Closed("hexadecimal port", Text($"PROXY TCP4 {Four} 192.0.2.1 0x10 80\r\n")),
        Closed("no address at all", Text("PROXY TCP4 a.b.c.d 192.0.2.1 4711 80\r\n")),
        Closed("five numbers", Text("PROXY TCP4 203.0.113.7.9 192.0.2.1 4711 80\r\n")),
        Closed("IPv6 as TCP4", Text($"PROXY TCP4 {Six} 2001:db8::1 4711 80\r\n")),
        Closed("IPv4 as TCP6", Text($"PROXY TCP6 {Four} 192.0.2.1 4711 80\r\n")),
        Closed("TCP6, two double colons", Text("PROXY TCP6 2001::db8::7 2001:db8::1 4711 80\r\n")),
        Closed("TCP6, seven groups", Text("PROXY TCP6 1:2:3:4:5:6:7 2001:db8::1 4711 80\r\n")),
        Closed("TCP6, five digits", Text("PROXY TCP6 02001:db8::7 2001:db8::1 4711 80\r\n")),
        Closed("TCP6, a zone", Text("PROXY TCP6 fe80::7%lo 2001:db8::1 4711 80\r\n")),
        Closed("zero byte in an address", Text("PROXY TCP4 203.0.113.7\0 192.0.2.1 4711 80\r\n")),
        Closed("longer than the buffer", Text($"PROXY TCP6 {Six} 2001:db8::1 4711 80 {new string('x', 17_000)}\r\n")),
        Lenient("leading zeroes in the address", Text("PROXY TCP4 203.000.113.007 192.0.2.1 4711 80\r\n"), Four, $"read as decimal; {Trusted}"),
        Lenient("leading zeroes in the port", Text("PROXY TCP4 203.0.113.7 192.0.2.1 04711 0080\r\n"), Four, $"read as decimal; {Trusted}"),
        Lenient("number above 255", Text("PROXY TCP4 203.0.113.256 192.0.2.1 4711 80\r\n"), "203.0.114.0", $"carried into the number before; {Trusted}"),
        Lenient("three numbers", Text("PROXY TCP4 203.0.113 192.0.2.1 4711 80\r\n"), "203.0.113.0", $"the last is 0; {Trusted}"),
        Lenient("empty address", Text("PROXY TCP4  192.0.2.1 4711 80\r\n"), "0.0.0.0", $"all numbers are 0; {Trusted}"),
        Lenient("port above 65535", Text("PROXY TCP4 203.0.113.7 192.0.2.1 70000 80\r\n"), Four, $"the low 16 bits are taken; {Trusted}"),
        Lenient("empty ports", Text("PROXY TCP4 203.0.113.7 192.0.2.1  \r\n"), Four, $"taken for 0; {Trusted}"),
        Lenient("TCP6, a sixth word", Text($"PROXY TCP6 {Six} 2001:db8::1 4711 80 more\r\n"), Six, $"passed over; {Trusted}"),
        Lenient("TCP6, zero byte after the address", Text($"PROXY TCP6 {Six}\0x 2001:db8::1 4711 80\r\n"), Six, $"read up to it; {Trusted}"),
        Lenient("TCP4, over 107 characters", Text($"PROXY TCP4 {new string('0', 100)}203.0.113.7 192.0.2.1 4711 80\r\n"), Four, $"the limit is the buffer; {Trusted}"),
        Lenient("TCP6, over 107 characters", Text($"PROXY TCP6 {Six} 2001:db8::1 4711 80 {new string('x', 10_000)}\r\n"), Six, $"the limit is the buffer; {Trusted}"),
        Rejected("twice", Text($"{Line}\r\n{Line}\r\n")),
    ];

    /// <summary>Version 2.</summary>
    public static IReadOnlyList<ProxyVector> Version2 { get; } =
    [
        Served("PROXY, IPv4", For(Four), Four),
        Served("PROXY, IPv6", For(Six), Six),
        Served("LOCAL", Binary(LocalCommand, Unspecified, []), Own),
        Served("LOCAL, family IPv4, no addresses", Binary(LocalCommand, Tcp4, []), Own),
        Served("LOCAL with a TLV", Binary(LocalCommand, Unspecified, [], Tlv(Noop, 1, 2, 3)), Own),
        Served("LOCAL with addresses of zeroes", Binary(LocalCommand, Tcp4, new byte[12]), Own),
        Strict("LOCAL with addresses", Binary(LocalCommand, Tcp4, Addresses(Four)), $"they should be skipped, but are read as TLVs; {Closes}. Senders should send none"),
        MayClose("PROXY, AF_UNSPEC", Binary(ProxyCommand, Unspecified, [])),
        MayClose("PROXY, AF_UNSPEC with addresses", Binary(ProxyCommand, Unspecified, Addresses(Four))),
        MayClose("PROXY, AF_UNIX", Binary(ProxyCommand, Unix, new byte[216])),
        MayClose("PROXY, AF_UNIX datagram", Binary(ProxyCommand, UnixDatagram, new byte[216])),
        MayClose("PROXY, UDP over IPv4", Binary(ProxyCommand, Udp4, Addresses(Four))),
        MayClose("PROXY, UDP over IPv6", Binary(ProxyCommand, Udp6, Addresses(Six))),
        Closed("IPv6 with the addresses of IPv4", Binary(ProxyCommand, Tcp6, Addresses(Four))),
        Closed("no addresses", Binary(ProxyCommand, Tcp4, [])),
        Closed("length says less than there is", Sized(ProxyCommand, Tcp4, 11, Addresses(Four))),
        MayClose("length reaches into the request", Sized(ProxyCommand, Tcp4, 15, Addresses(Four))),
        Closed("length 65535 and nothing like it", Sized(ProxyCommand, Tcp4, ushort.MaxValue, Addresses(Four))),
        MayClose("length 65535 and all of it", Sized(ProxyCommand, Tcp4, ushort.MaxValue, [.. Addresses(Four), .. Padding(ushort.MaxValue - 12)])),
        MayClose("longer than the buffer", Binary(ProxyCommand, Tcp4, Addresses(Four), Repeat(17))),
        Served("15 KB of padding", Binary(ProxyCommand, Tcp4, Addresses(Four), Repeat(15)), Four),
        Served("5,000 empty TLVs", Binary(ProxyCommand, Tcp4, Addresses(Four), [.. Enumerable.Repeat(Tlv(Noop), 5_000)]), Four),
        Served("NOOP", For(Four, Tlv(Noop, 0, 0, 0)), Four),
        Served("NOOP of 1,024 bytes", For(Four, Tlv(Noop, new byte[1_024])), Four),
        MayClose("NOOP of 1,025 bytes", For(Four, Tlv(Noop, new byte[1_025]))),
        Served("ALPN", For(Four, Tlv(Alpn, "h2"u8.ToArray())), Four),
        Served("AUTHORITY", For(Four, Tlv(Authority, "other.example"u8.ToArray())), Four),
        Served("AUTHORITY of 255 bytes", For(Four, Tlv(Authority, new byte[255])), Four),
        MayClose("AUTHORITY of 256 bytes", For(Four, Tlv(Authority, new byte[256]))),
        Served("UNIQUE_ID of 128 bytes", For(Four, Tlv(UniqueId, new byte[128])), Four),
        MayClose("UNIQUE_ID of 129 bytes", For(Four, Tlv(UniqueId, new byte[129]))),
        Served("SSL with a version and a verified certificate", For(Four, Tlv(Ssl, [0x07, 0, 0, 0, 0, .. Tlv(0x21, "TLSv1.3"u8.ToArray())])), Four),
        Served("Azure's LINKID", For(Four, Tlv(PrivateLink, 1, 0x25, 0, 0, 0)), Four),
        Served("of a type that nobody knows", For(Four, Tlv(0xFF, 1)), Four),
        Served("CRC32C", WithChecksum(For(Four, Tlv(Noop, 1, 2))), Four),
        Served("CRC32C, IPv6", WithChecksum(For(Six)), Six),
        Served("CRC32C, LOCAL", WithChecksum(Binary(LocalCommand, Unspecified, [])), Own),
        Closed("CRC32C, wrong", For(Four, Tlv(Checksum, 1, 2, 3, 4))),
        Closed("CRC32C, wrong, LOCAL", Binary(LocalCommand, Unspecified, [], Tlv(Checksum, 1, 2, 3, 4))),
        Closed("CRC32C of three bytes", For(Four, Tlv(Checksum, 1, 2, 3))),
        MayClose("TLV longer than the header", For(Four, [Noop, 0, 5, 1, 2])),
        MayClose("TLV of one byte", For(Four, [Noop])),
        MayClose("TLV of two bytes", For(Four, [Noop, 0])),
        Rejected("twice", [.. For(Four), .. For("203.0.113.8")]),
        Rejected("version 1, then version 2", [.. Text($"{Line}\r\n"), .. For("203.0.113.8")]),
        Rejected("version 2, then version 1", [.. For("203.0.113.8"), .. Text($"{Line}\r\n")]),
    ];

    /// <summary>No header at all.</summary>
    public static IReadOnlyList<ProxyVector> Neither { get; } =
    [
        Closed("nothing but the request", []),
        Closed("a TLS record", [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
        Closed("HTTP/2's preface", Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        Closed("SSH's greeting", Encoding.ASCII.GetBytes("SSH-2.0-vector\r\n")),
    ];

    private static byte[] Repeat(int kilobytes) => [.. Enumerable.Repeat(Tlv(Noop, new byte[1_000]), kilobytes).SelectMany(tlv => tlv)];

    private static byte[] Padding(int length) => [.. Enumerable.Repeat(Tlv(Noop), length / 3).SelectMany(tlv => tlv)];

    private static ProxyVector Served(string name, byte[] header, string client) => new(name, header, Specified.Accept, Outcome.Served, client, null);

    private static ProxyVector Closed(string name, byte[] header) => new(name, header, Specified.Refuse, Outcome.Closed, null, null);

    private static ProxyVector MayClose(string name, byte[] header) => new(name, header, Specified.Either, Outcome.Closed, null, null);

    private static ProxyVector Strict(string name, byte[] header, string why) => new(name, header, Specified.Accept, Outcome.Closed, null, why);

    private static ProxyVector Lenient(string name, byte[] header, string client, string why) => new(name, header, Specified.Refuse, Outcome.Served, client, why);

    /// <summary>The header is taken, and what follows it is no request.</summary>
    private static ProxyVector Rejected(string name, byte[] header) => new(name, header, Specified.Accept, Outcome.Rejected, null, null);
}
