using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness.Fuzz;
using Xunit;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>
/// Addresses as EndpointSlices may have them: the first four bytes of an input are an IPv4 address, judged in every form that an IPv6
/// address carries it in as it is plainly; the rest is a text, which is an address in its usual form or is refused.
/// </summary>
public sealed class AddressesFuzz
{
    private const int Inputs = 5_000;

    /// <summary>Made within a run: only then there is room for the branches that instrumented code counts.</summary>
    private static readonly Lazy<EndpointPolicy> Policy = new(() => EndpointPolicy.Of(
        new() { Addresses = new() { Own = [Node("10.1.0.4"), Node("fd00:1::4")] } }, ClusterState.Empty));

    private static readonly string[] Texts =
    [
        "10.0.3.7", "169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "127.0.0.1", "224.0.0.1", "255.255.255.255",
        "0.0.0.0", "10.1.0.4", "fd00::7", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::",
        "2002:a9fe:a9fe::", "2001:0:c000:201::5601:5601", "fd00::200:5efe:169.254.169.254", "fd00:1::4", "[::1]:80", "0x7f.1", "010.0.0.1",
        "10.0.0.1; del map", "fd00:ec2::254", "FD20:CE:0:0::254",
    ];

    [Fact]
    public void An_IPv4_address_is_judged_alike_in_every_form_and_a_text_is_an_address_or_refused() => FuzzRun.Run(
        "tests/Unit/Fuzz/corpus/addresses",
        Texts.Select(Seed),
        Inputs,
        input =>
        {
            if (input.Length >= 4)
                JudgedAlike(new(input.AsSpan(0, 4)));
            var text = Encoding.Latin1.GetString(input.AsSpan(Math.Min(4, input.Length)));
            AddressOrRefused(text, "IPv4");
            AddressOrRefused(text, "IPv6");
        });

    private static OwnedAddress Node(string address) => new(IPAddress.Parse(address), AddressOwner.Node);

    private static byte[] Seed(string text) =>
        [.. (IPAddress.TryParse(text, out var one) ? one : IPAddress.Any).GetAddressBytes()[..4], .. Encoding.Latin1.GetBytes(text)];

    private static void JudgedAlike(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        var isRefused = IsNoPods(bytes);
        Assert.True(isRefused == (Take(address.ToString(), "IPv4") is null), $"{address}");
        var (high, low) = (Hex(bytes[0], bytes[1]), Hex(bytes[2], bytes[3]));
        var inverse = $"{Hex((byte)~bytes[0], (byte)~bytes[1])}:{Hex((byte)~bytes[2], (byte)~bytes[3])}";
        string[] forms =
        [
            $"64:ff9b::{high}:{low}", $"::ffff:0:{high}:{low}", $"2002:{high}:{low}::", $"2002:{high}:{low}:7:1:2:3:4",
            $"2001:0:c000:201:0:0:{inverse}", $"2001:0:{high}:{low}:0:0:3fff:fdfe", $"fd00:1:2:3:0:5efe:{high}:{low}",
            $"2600::200:5efe:{high}:{low}",
        ];
        Assert.All(forms, form => Assert.True(isRefused == (Take(form, "IPv6") is null), form));
        string[] never =
        [
            $"::ffff:{high}:{low}", $"::{high}:{low}", $"64:ff9b:1::{high}:{low}", $"64:ff9b:1:{high}:{bytes[2]:x}:{bytes[3]:x}00::",
        ];
        Assert.All(never, form => Assert.True(Take(form, "IPv6") is null, form));
    }

    private static void AddressOrRefused(string text, string type)
    {
        if (Take(text, type) is not { } taken)
            return;
        Assert.Equal(type == "IPv4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, taken.Value.AddressFamily);
        Assert.Equal(taken, Take(taken.ToString(), type));
        Assert.DoesNotMatch("[^0-9a-fA-F:.]", text);
        Assert.False(taken.Value.IsIPv4MappedToIPv6 || taken.Value.IsIPv6LinkLocal || taken.Value.IsIPv6Multicast);
        Assert.False(IPAddress.IsLoopback(taken.Value));
        var server = new Endpoint(taken, 80, EndpointState.Ready, null, null, null, "slice");
        var step = new AddServer("http:a:b:80", HAProxyNames.Server(server), taken, 80, UpstreamProtocol.Http, SendProxy.None);
        Assert.Matches(@"^[\w:./@\[\]\- ]+$", HAProxyCommands.Of(step).Line);
    }

    private static EndpointAddress? Take(string text, string type)
    {
        var taken = EndpointAddress.OfSlice(text, type, "shop", Policy.Value, out var refusal);
        Assert.Equal(taken is null, refusal is not null);
        return taken;
    }

    /// <summary>Written from the standards and the clouds' manuals by hand, besides the product's own table.</summary>
    private static bool IsNoPods(byte[] address) => address switch
    {
        [0 or 127, ..] or [169, 254, ..] or [>= 224 and < 240, ..] or [255, 255, 255, 255] => true,
        [168, 63, 129, 16] or [100, 100, 100, 200] or [192, 0, 0, 192] or [10, 1, 0, 4] => true,
        _ => false,
    };

    private static string Hex(byte high, byte low) => ((high << 8) | low).ToString("x", CultureInfo.InvariantCulture);
}
