using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

public class RouteHostTests
{
    public static TheoryData<string> Wrong =>
    [
        "a_b.com", "-a.com", "a-.com", "a..com", ".com", "com.", "*", "*.", "*.*.com", "a.*.com", "*a.com", "**.com",
        "10.0.0.1", "010.000.0.0001", "::1", "[::1]", "a.com:80", "a.com/x", "a com", "a.com\n", "a|b.com", "a#.com", "caf\u00e9.com",
        "\u212a.com", // the Kelvin sign, whose lower case is an ASCII k
        "\u0130.com",
        "\ud800.com",
        new string('a', 64) + ".com", "*." + new string('a', 64) + ".com",
        string.Join('.', Enumerable.Repeat("a", 128)),
    ];

    [Theory]
    [InlineData(null, "*")]
    [InlineData("", "*")]
    [InlineData("shop.example.com", "shop.example.com")]
    [InlineData("Shop.EXAMPLE.com", "shop.example.com")]
    [InlineData("*.Example.com", "*.example.com")]
    [InlineData("localhost", "localhost")]
    [InlineData("*.com", "*.com")]
    [InlineData("1.example", "1.example")]
    [InlineData("xn--caf-dma.com", "xn--caf-dma.com")]
    [InlineData("12345", "12345")]
    [InlineData("1.2", "1.2")]
    [InlineData("1.2.3", "1.2.3")]
    [InlineData("256.1.1.1", "256.1.1.1")]
    [InlineData("1.2.3.4.5", "1.2.3.4.5")]
    [InlineData("0x7f.0.0.1", "0x7f.0.0.1")]
    [InlineData("*.10.0.0.1", "*.10.0.0.1")]
    public void A_host_is_a_DNS_name_in_lower_case_or_a_wildcard_of_one_label_or_every_host(string? text, string host)
    {
        Assert.True(RouteHost.TryNormalize(text, out var normal, out var wrong), wrong);
        Assert.Equal(host, normal);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_no_Host_header_can_name_is_refused_with_a_reason(string text)
    {
        Assert.False(RouteHost.TryNormalize(text, out var host, out var wrong));
        Assert.Null(host);
        Assert.NotEmpty(wrong);
    }
}
