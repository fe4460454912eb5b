using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

public class RoutePathTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/A", "/A")]
    [InlineData("/a/", "/a/")]
    [InlineData("/%41%7e%2D", "/A~-")]
    [InlineData("/%2f", "/%2F")]
    [InlineData("/%3b;%3B", "/%3B;%3B")]
    [InlineData("/caf\u00e9", "/caf%C3%A9")]
    [InlineData("/caf%c3%a9", "/caf%C3%A9")]
    [InlineData("/\U0001F600", "/%F0%9F%98%80")]
    [InlineData("/a b", "/a%20b")]
    [InlineData("/%00", "/%00")]
    [InlineData("/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D")]
    [InlineData("/!$&'()*+,;=:@", "/!$&'()*+,;=:@")]
    [InlineData("/...", "/...")]
    [InlineData("/.well-known", "/.well-known")]
    public void A_path_is_brought_to_the_form_in_which_proxies_compare(string text, string normal)
    {
        Assert.True(RoutePath.TryNormalize(HostKey.AnyHost, text, out var path, out var wrong), wrong);
        Assert.Equal(normal, path);
        Assert.True(RoutePath.TryNormalize(HostKey.AnyHost, path, out var again, out _));
        Assert.Equal(path, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("http://x/")]
    [InlineData("/a//b")]
    [InlineData("//")]
    [InlineData("/a/./b")]
    [InlineData("/a/..")]
    [InlineData("/%2e%2E/a")]
    [InlineData("/.")]
    [InlineData("/%")]
    [InlineData("/%4")]
    [InlineData("/%zz")]
    [InlineData("/%+1")]
    [InlineData("/% 1")]
    [InlineData("/a?b")]
    [InlineData("/a#b")]
    [InlineData("/a\nb")]
    [InlineData("/a\0b")]
    [InlineData("/\u0085")]
    public void A_path_that_no_request_can_have_is_refused_with_a_reason(string text)
    {
        Assert.False(RoutePath.TryNormalize(HostKey.AnyHost, text, out var path, out var wrong));
        Assert.Null(path);
        Assert.NotEmpty(wrong);
    }

    [Fact]
    public void Halves_of_surrogate_pairs_are_refused()
    {
        Assert.False(RoutePath.TryNormalize(HostKey.AnyHost, "/\ud800", out _, out _));
        Assert.False(RoutePath.TryNormalize(HostKey.AnyHost, "/\ud800a", out _, out _));
        Assert.False(RoutePath.TryNormalize(HostKey.AnyHost, "/\udc00\ud800", out _, out _));
    }

    [Fact]
    public void Host_and_path_have_1280_bytes_together_when_encoded_and_no_more()
    {
        const string host = "shop.example";
        const int left = RoutePath.MaximumLength - 12;
        Assert.True(RoutePath.TryNormalize(host, "/" + new string('a', left - 1), out _, out _));
        Assert.False(RoutePath.TryNormalize(host, "/" + new string('a', left), out _, out var wrong));
        Assert.Contains("1281 bytes with its host", wrong, StringComparison.Ordinal);
        Assert.False(RoutePath.TryNormalize(host, "/" + new string(' ', (left / 3) + 1), out _, out _));
        Assert.True(RoutePath.TryNormalize(new string('h', 253), "/" + new string('a', 1023), out _, out _));
    }

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a", "/a")]
    [InlineData("/a/", "/a")]
    [InlineData("/a/b/", "/a/b")]
    public void A_prefix_ends_without_a_slash(string path, string trimmed) => Assert.Equal(trimmed, RoutePath.TrimPrefix(path));
}
