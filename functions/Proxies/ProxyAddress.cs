using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Proxies;

/// <summary>Where the admin port of one proxy listens.</summary>
/// <param name="Name">The proxy's name in reports and messages: letters, digits, <c>.</c>, <c>-</c> and <c>_</c>.</param>
/// <param name="Host">An IPv4 or IPv6 address (without brackets) or a DNS name.</param>
/// <param name="AdminPort">The TCP port of the mutual-TLS frontend before the Runtime API, 1 to 65535.</param>
public sealed record ProxyAddress(string Name, string Host, int AdminPort)
{
    /// <summary>What it is for.</summary>
    public ProxyRole Role { get; init; }

    /// <summary>Reads <c>name=host:port</c>; an IPv6 address stands in brackets, as in <c>name=[::1]:9443</c>.</summary>
    /// <exception cref="FormatException">The text has another form; the message says what is wrong.</exception>
    public static ProxyAddress Parse(string text)
    {
        var equals = text.IndexOf('=');
        if (equals < 0) throw Wrong(text, "there is no '='");
        var name = text[..equals];
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
            throw Wrong(text, "the name must be of letters, digits, '.', '-' and '_'");

        var place = text[(equals + 1)..];
        var colon = place.LastIndexOf(':');
        if (colon <= place.LastIndexOf(']')) throw Wrong(text, "the port is missing");
        if (!int.TryParse(place[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
            throw Wrong(text, "the port must be a number from 1 to 65535");
        return new ProxyAddress(name, HostOf(text, place[..colon]), port);
    }

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Host.Contains(':') ? $"{Name}=[{Host}]:{AdminPort}" : $"{Name}={Host}:{AdminPort}";

    private static string HostOf(string text, string host)
    {
        if (host.StartsWith('['))
        {
            var inner = host.EndsWith(']') ? host[1..^1] : "";
            return IPAddress.TryParse(inner, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
                ? inner
                : throw Wrong(text, "there is no IPv6 address in the brackets");
        }

        if (host.Contains(':')) throw Wrong(text, "an IPv6 address must stand in brackets");
        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4
            ? host
            : throw Wrong(text, "the host is no address and no DNS name");
    }

    private static FormatException Wrong(string text, string what) =>
        new($"Proxy '{text}': {what}. Write name=host:port, for example proxy-1=10.0.3.7:9443 or proxy-1=[fd00::7]:9443.");
}
