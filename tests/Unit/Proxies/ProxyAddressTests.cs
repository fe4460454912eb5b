using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

public class ProxyAddressTests
{
    [Theory]
    [InlineData("proxy-1=10.0.3.7:9443", "proxy-1", "10.0.3.7", 9443)]
    [InlineData("p=proxy.example.com:1", "p", "proxy.example.com", 1)]
    [InlineData("p_2=[fd00::7]:65535", "p_2", "fd00::7", 65535)]
    public void An_address_is_read_and_written_back(string text, string name, string host, int port)
    {
        var address = ProxyAddress.Parse(text);

        Assert.Equal(new ProxyAddress(name, host, port), address);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("10.0.3.7:9443", "no '='")]
    [InlineData("=10.0.3.7:9443", "the name must be of")]
    [InlineData("a/b=10.0.3.7:9443", "the name must be of")]
    [InlineData("p=10.0.3.7", "the port is missing")]
    [InlineData("p=[fd00::7]", "the port is missing")]
    [InlineData("p=10.0.3.7:", "from 1 to 65535")]
    [InlineData("p=10.0.3.7:0", "from 1 to 65535")]
    [InlineData("p=10.0.3.7:65536", "from 1 to 65535")]
    [InlineData("p=10.0.3.7:+1", "from 1 to 65535")]
    [InlineData("p=fd00::7:9443", "must stand in brackets")]
    [InlineData("p=[10.0.3.7]:9443", "no IPv6 address in the brackets")]
    [InlineData("p=[fd00::7:9443", "no IPv6 address in the brackets")]
    [InlineData("p=a b:9443", "no DNS name")]
    [InlineData("p=:9443", "no DNS name")]
    public void What_is_wrong_with_an_address_is_said(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => ProxyAddress.Parse(text)).Message, StringComparison.Ordinal);
}
