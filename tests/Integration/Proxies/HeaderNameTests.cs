using System.Net;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// Which names of headers and trailers reach a pod, and by whose word: over HTTP/1 and HTTP/2, to the byte.
/// </summary>
public sealed class HeaderNameTests(HeaderNameTests.Line line) : IClassFixture<HeaderNameTests.Line>
{
    private const string Forged = "6.6.6.6";

    /// <summary>Names that a server may read as one of ours, or as an environment variable.</summary>
    public static TheoryData<string> Dropped =>
    [
        "x_forwarded_for", "x-forwarded_for", "x_forwarded-for", "x.forwarded.for", "x!forwarded!for", "x-forwarded.for",
        "x_forwarded_proto", "x_forwarded_host", "x_forwarded_port", "x_real_ip", "x-real_ip", "x_real-ip", "x.real.ip", "x*real*ip",
        "x_azure_private_link_id", "x-azure-private-link_id", "x-azure-private-link-id",
        "forwarded", "proxy", "proxy_", "_proxy", "http_proxy", "_", "a_b", "api_key", "cdn_loop", "x_probe_token", "content_length", "transfer_encoding",
        "x~a", "x|a", "x'a", "x+a", "x%a", "x&a", "x#a", "x$a", "x^a", "x`a",
    ];

    /// <summary>Names that are anybody's.</summary>
    public static TheoryData<string> Kept => ["api-key", "x-real", "x-forward", "xforwardedfor", "x-request-id", "a", "0", "-", "x--forwarded", "cdn-loop", "sec-ch-ua", "proxy-authorization"];

    [Theory]
    [MemberData(nameof(Dropped))]
    public async Task A_name_of_other_characters_never_arrives(string name)
    {
        foreach (var seen in await SeenAsync(name))
        {
            Assert.DoesNotContain(Forged, seen, StringComparison.Ordinal);
            Assert.Equal("127.0.0.1", WireAnswer.ValueIn(seen, "x-forwarded-for"));
            Assert.Equal("127.0.0.1", WireAnswer.ValueIn(seen, "x-real-ip"));
        }
    }

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task A_name_of_letters_digits_and_dashes_arrives(string name)
    {
        foreach (var seen in await SeenAsync(name))
            Assert.Equal(Forged, WireAnswer.ValueIn(seen, name));
    }

    [Fact]
    public async Task Connection_names_nothing_over_HTTP2_either()
    {
        // RFC 9113, section 8.2.2: such a request is malformed.
        Assert.Equal(0, (await WireClient.Http2Async(line.Http, [.. Head, ("connection", "x-forwarded-for")])).Status is 0 or 400 ? 0 : 1);
    }

    [Theory]
    [InlineData("x-forwarded-for")]
    [InlineData("x_forwarded_for")]
    [InlineData("x-real-ip")]
    [InlineData("proxy")]
    [InlineData("x-a")]
    public async Task No_trailer_of_a_request_arrives(string name)
    {
        var http1 = await WireClient.Http1Async(
            line.Http, $"POST / HTTP/1.1\r\nHost: x.example\r\nTransfer-Encoding: chunked\r\nTrailer: {name}\r\n\r\n3\r\nabc\r\n0\r\n{name}: {Forged}\r\n\r\n");
        var http2 = await WireClient.Http2Async(line.Http, [(":method", "POST"), .. Head.Skip(1), ("trailer", name)], [(name, Forged)]);
        Assert.Equal((200, 200), (http1.Status, http2.Status));
        Assert.DoesNotContain(Forged, http1.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(Forged, http2.Body, StringComparison.Ordinal);
    }

    private static (string, string)[] Head => [(":method", "GET"), (":scheme", "http"), (":authority", "x.example"), (":path", "/")];

    private async Task<string[]> SeenAsync(string name)
    {
        var http1 = await WireClient.Http1Async(line.Http, $"GET / HTTP/1.1\r\nHost: x.example\r\n{name}: {Forged}\r\n\r\n");
        var upper = await WireClient.Http1Async(line.Http, $"GET / HTTP/1.1\r\nHost: x.example\r\n{name.ToUpperInvariant()}: {Forged}\r\n\r\n");
        var http2 = await WireClient.Http2Async(line.Http, [.. Head, (name, Forged)]);
        Assert.Equal((200, 200, 200), (http1.Status, upper.Status, http2.Status));
        return [http1.Body, upper.Body, http2.Body];
    }

    /// <summary>A proxy and a pod.</summary>
    public sealed class Line : IAsyncLifetime
    {
        private readonly TestPki pki = new();
        private readonly IngressProxy proxy;
        private readonly HeadPod pod = new("pod");

        public Line() => proxy = new("proxy", IPAddress.Loopback, ProxyPorts.Free(), pki);

        internal IPEndPoint Http => new(IPAddress.Loopback, proxy.Ports.Http);

        public async ValueTask InitializeAsync()
        {
            await proxy.StartAsync();
            await proxy.TellAsync([.. pod.Backend, "add map virt@routes ingress|x.example/ pod", "add map virt@routes \\#version 1"]);
        }

        public async ValueTask DisposeAsync()
        {
            await proxy.DisposeAsync();
            await pod.DisposeAsync();
            pki.Dispose();
        }
    }
}
