using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using IngressReconciler.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Who is trusted to say who the client is, and nobody else.</summary>
[Collection(nameof(Scenarios))]
public sealed class ProxyProtocolTests : IAsyncLifetime
{
    private const string Trusted = "127.0.0.2";
    private const string Stranger = "127.0.0.3";

    private readonly Stage stage = new();

    public async ValueTask InitializeAsync()
    {
        await stage.InitializeAsync();
        var settings = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Clusters:x:TrustedSources", (string?)$"{Trusted}/32, 10.0.0.0/8")]).Build();
        var read = ClusterSettings.Read(settings.GetSection("Clusters:x"));
        var clusters = stage.Open(cluster => cluster with { Routing = read.Routing with { AllowLoopbackEndpoints = true } });
        await clusters.AcceptAsync(await stage.HostAsync("first"));
    }

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_trusted_source_says_who_the_client_is_in_either_version()
    {
        foreach (var proxy in stage.Proxies)
        {
            Assert.Equal("203.0.113.7", Seen(await AskAsync(proxy, Trusted, "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n"u8)));
            Assert.Equal("2001:db8::7", Seen(await AskAsync(proxy, Trusted, "PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n"u8)));
            Assert.Equal("198.51.100.9", Seen(await AskAsync(proxy, Trusted, Version2())));
        }
    }

    [Fact]
    public async Task A_trusted_source_that_says_nothing_is_not_served()
    {
        foreach (var proxy in stage.Proxies)
            Assert.DoesNotContain("200 OK", await AskAsync(proxy, Trusted, []), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_else_may_say_who_the_client_is()
    {
        foreach (var proxy in stage.Proxies)
        {
            Assert.StartsWith("HTTP/1.1 400", await AskAsync(proxy, Stranger, "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n"u8), StringComparison.Ordinal);
            Assert.DoesNotContain("200 OK", await AskAsync(proxy, Stranger, Version2()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_a_client_says_of_itself_in_headers_is_dropped()
    {
        const string spoof = "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Proto: https\r\n";
        foreach (var proxy in stage.Proxies)
        {
            var direct = await AskAsync(proxy, Stranger, [], spoof);
            Assert.Equal(Stranger, Seen(direct));
            Assert.DoesNotContain("6.6.6.6", direct, StringComparison.Ordinal);
            Assert.Contains("\"proto\":\"http\"", direct, StringComparison.Ordinal);
            var behind = await AskAsync(proxy, Trusted, "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n"u8, spoof);
            Assert.Equal("203.0.113.7", Seen(behind));
            Assert.DoesNotContain("6.6.6.6", behind, StringComparison.Ordinal);
        }
    }

    private static byte[] Version2() =>
    [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12, 198, 51, 100, 9, 192, 0, 2, 1, 0x12, 0x67, 0, 80,
    ];

    /// <summary>What the pod was told of the client, when both headers say the same.</summary>
    private static string Seen(string answer)
    {
        static string Field(string answer, string name) => answer.Split($"\"{name}\":\"") is [_, var rest] ? rest[..rest.IndexOf('"', StringComparison.Ordinal)] : $"no {name} in {answer}";
        Assert.Equal(Field(answer, "forwardedFor"), Field(answer, "realIp"));
        return Field(answer, "realIp");
    }

    private static async Task<string> AskAsync(IngressProxy proxy, string from, ReadOnlyMemory<byte> header, string headers = "")
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Loopback, proxy.Ports.Http);
        await using var stream = new NetworkStream(socket);
        try
        {
            await stream.WriteAsync((byte[])[.. header.Span, .. Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n{headers}\r\n")]);
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync();
        }
        catch (IOException e)
        {
            return string.Create(CultureInfo.InvariantCulture, $"reset: {e.Message}");
        }
    }

    private static Task<string> AskAsync(IngressProxy proxy, string from, ReadOnlySpan<byte> header, string headers = "") => AskAsync(proxy, from, header.ToArray().AsMemory(), headers);

    private static Task<string> AskAsync(IngressProxy proxy, string from, byte[] header, string headers = "") => AskAsync(proxy, from, header.AsMemory(), headers);
}
