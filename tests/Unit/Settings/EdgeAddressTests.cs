using IngressReconciler.Cluster.Resources;
using IngressReconciler.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>The setting <c>Addresses</c> of a cluster.</summary>
public class EdgeAddressTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", null)]
    [InlineData("2001:DB8::0:7", "2001:db8::7", null)]
    [InlineData("edge.example", null, "edge.example")]
    [InlineData("Edge.Example", null, "edge.example")]
    [InlineData("localhost", null, "localhost")]
    public void An_address_or_a_name_is_taken(string text, string? ip, string? hostname) => Assert.Equal([new LoadBalancerAddress(ip, hostname)], Read(text));

    [Fact]
    public void Several_are_taken_in_their_order_and_each_once() =>
        Assert.Equal([new(null, "b.example"), new("192.0.2.7", null)], Read(" b.example , 192.0.2.7,b.example,"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Unset_means_none(string? text) => Assert.Empty(Read(text));

    [Theory]
    [InlineData("192.0.2.256")]
    [InlineData("192.0.2")]
    [InlineData("7")]
    [InlineData("0xC0.0.2.7")]
    [InlineData("192.000.002.007")]
    [InlineData("[2001:db8::7]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("192.0.2.7:80")]
    [InlineData("https://edge.example")]
    [InlineData("edge.example.")]
    [InlineData("*.example")]
    [InlineData("edge_1.example")]
    public void Anything_else_is_refused_with_its_name(string text)
    {
        var refused = Assert.Throws<SettingException>(() => Read("edge.example," + text));
        Assert.Equal($"Setting c__Addresses is '{text}': '{text}' is neither an IP address nor a DNS name", refused.Message);
    }

    private static ValueList<LoadBalancerAddress> Read(string? text) => ClusterSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("c:Addresses", text)]).Build().GetSection("c")).Addresses;
}
