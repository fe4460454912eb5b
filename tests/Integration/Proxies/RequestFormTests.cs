using System.Net;
using System.Text;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// What the bootstrap makes of a request before a pod sees it, to the byte: clients write what they like, and a pod says what came.
/// </summary>
public sealed class RequestFormTests(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>, IAsyncLifetime
{
    private const string Host = "x.example";
    private readonly HeadPod rest = new("rest");
    private readonly HeadPod one = new("one");
    private readonly HeadPod two = new("two");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await haproxy.KillAsync();
        await haproxy.StartAsync();
        foreach (var pod in new[] { rest, one, two })
            await TellAsync([.. pod.Backend.Select(command => new RuntimeCommand(command))]);

        await TellAsync(
            new("add map virt@proxy-sources 127.0.0.1/32 accepted"),
            new($"add map virt@routes ingress|{Host}/ rest"),
            new("add map virt@routes \\#version 1"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pod in new[] { rest, one, two })
            await pod.DisposeAsync();
    }

    /// <summary>The limit is HAProxy's: a version that moves it is noticed here.</summary>
    [Fact]
    public async Task Keys_of_2047_bytes_are_told_apart_and_a_longer_request_finds_the_longest_prefix()
    {
        const string table = $"ingress|{Host}";
        var stem = "/" + new string('p', HAProxyRoutes.MaximumKeyLength - table.Length - 3);
        await AddAsync($"{table}{stem}1#", one);
        await AddAsync($"{table}{stem}2#", two);
        Assert.Equal(("one", "two", "rest"), (await NameAsync(stem + "1"), await NameAsync(stem + "2"), await NameAsync(stem + "3")));
        Assert.Equal("rest", await NameAsync(stem + "1" + new string('r', 3000)));

        var prefix = "/" + new string('q', HAProxyRoutes.MaximumKeyLength - table.Length - 2) + "/";
        await AddAsync(table + prefix, one);
        foreach (var length in new[] { 0, 1, 3000, 8000, 12_000 })
            Assert.Equal("one", await NameAsync(prefix + new string('r', length)));
        Assert.Equal("rest", await NameAsync(prefix[..^1] + new string('r', 8000)));
    }

    [Theory]
    [InlineData("/a[b", "/a%5Bb")]
    [InlineData("/\"<>[\\]^`{|}", "/%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D")]
    [InlineData("/a%5bb]?q=[]\"<>\\^`{|}%5b%61", "/a%5Bb%5D?q=[]\"<>\\^`{|}%5b%61")]
    [InlineData("/[%61%2f%255b%3f%25!$&'()*+,;=:@-._~", "/%5Ba%2F%255b%3F%25!$&'()*+,;=:@-._~")]
    [InlineData("/x{/../a|b/./c?", "/a%7Cb/c?")]
    [InlineData("/\\..\\a", "/%5C..%5Ca")]
    [InlineData("/!$&'()*+,;=:@-._~", "/!$&'()*+,;=:@-._~")]
    public async Task A_pod_is_sent_a_path_of_allowed_characters_and_the_query_as_it_came(string written, string sent)
    {
        Assert.Equal(sent, Target(await AskAsync(written)));
        Assert.Equal(sent, Target(await AskHttp2Async(written)));
    }

    [Fact]
    public async Task A_rule_with_such_characters_matches_however_a_client_writes_them()
    {
        await AddAsync($"ingress|{Host}/a%5Bb%7D/", one);
        foreach (var path in new[] { "/a[b}/x", "/a%5Bb%7D/", "/a%5bb}/", "/a[b%7d/[" })
            Assert.Equal(("one", "one"), (await NameAsync(path), (await AskHttp2Async(path)).Split('\n')[0]));
        Assert.Equal("rest", await NameAsync("/a%255Bb}/"));
    }

    [Fact]
    public async Task Bytes_above_ASCII_are_refused_in_HTTP1_and_escaped_in_HTTP2()
    {
        Assert.Equal(400, (await AnswerAsync("/caf\u00c3\u00a9")).Status);
        Assert.Equal("/caf%C3%A9?\u00c3", Target(await AskHttp2Async("/caf\u00c3\u00a9?\u00c3")));
        Assert.Equal(400, (await AnswerAsync("/a[%zz")).Status);
        Assert.Equal(400, (await AnswerAsync("/a#b")).Status);
    }

    [Fact]
    public async Task A_path_that_grows_by_escapes_is_whole_or_refused()
    {
        Assert.Equal("/" + string.Concat(Enumerable.Repeat("%5B", 2999)), Target(await AskAsync("/" + new string('[', 2999))));
        Assert.Equal(414, (await AnswerAsync("/" + new string('[', 3000))).Status);
        Assert.Equal("/" + new string('a', 12_000), Target(await AskAsync("/" + new string('a', 12_000))));
    }

    [Fact]
    public async Task The_forwarded_port_is_the_public_one_on_every_port()
    {
        var header = Encoding.ASCII.GetBytes("PROXY TCP4 203.0.113.7 203.0.113.8 4711 9999\r\n");
        Assert.Equal("80", Header(await AskAsync("/"), "x-forwarded-port"));
        Assert.Equal("443", Header(await AskAsync("/", port: haproxy.Ports.Https, tls: true), "x-forwarded-port"));
        Assert.Equal("80", Header(await AskAsync("/", port: haproxy.Ports.HttpProxy, before: header), "x-forwarded-port"));
        Assert.Equal("443", Header(await AskAsync("/", port: haproxy.Ports.HttpsProxy, before: header, tls: true), "x-forwarded-port"));
        Assert.Equal("80", Header(await AskAsync("/", "X-Forwarded-Port: 4444\r\n"), "x-forwarded-port"));
    }

    [Theory]
    [InlineData("X_Forwarded_For")]
    [InlineData("x_forwarded-for")]
    [InlineData("X-FORWARDED_FOR")]
    [InlineData("X_Forwarded_Proto")]
    [InlineData("X_Real_IP")]
    [InlineData("X-Real_IP")]
    [InlineData("x_real-ip")]
    [InlineData("X.Real.IP")]
    [InlineData("X_Azure_Private_Link_Id")]
    [InlineData("X-Azure-Private-Link_Id")]
    [InlineData("X-Azure-Private-Link-Id")]
    [InlineData("Forwarded")]
    [InlineData("Proxy")]
    [InlineData("Proxy_")]
    [InlineData("_")]
    [InlineData("API_KEY")]
    [InlineData("X.Custom")]
    [InlineData("X!Forwarded!For")]
    public async Task What_reads_as_a_name_of_ours_never_arrives(string name)
    {
        var seen = await AskAsync("/", $"{name}: 6.6.6.6\r\nAPI-KEY: kept\r\nX-Real: kept\r\n");
        Assert.DoesNotContain("6.6.6.6", seen, StringComparison.Ordinal);
        Assert.Equal(("kept", "kept", "127.0.0.1"), (Header(seen, "api-key"), Header(seen, "x-real"), Header(seen, "x-real-ip")));

        await TellAsync(new RuntimeCommand("add map virt@forwarders 127.0.0.1/32 1"));
        Assert.DoesNotContain("6.6.6.6", await AskAsync("/", $"{name}: 6.6.6.6\r\n"), StringComparison.Ordinal);
        seen = await AskAsync("/", "X-Forwarded-For: 7.7.7.7\r\nX-Real-IP: 8.8.8.8\r\nX-Forwarded-Port: 4444\r\n");
        Assert.Equal(
            ("7.7.7.7, 127.0.0.1", "8.8.8.8", "4444"),
            (Header(seen, "x-forwarded-for"), Header(seen, "x-real-ip"), Header(seen, "x-forwarded-port")));
    }

    [Theory]
    [InlineData("Connection: X-Forwarded-For, close\r\n")]
    [InlineData("connection:x-forwarded-for ,X-Real-Ip\r\nCONNECTION:\tx-forwarded-proto,close\r\n")]
    [InlineData("Connection: close\r\nConnection: , X-FORWARDED-FOR,\r\n")]
    [InlineData("Connection: upgrade, x-real-ip\r\n")]
    [InlineData("Connection: keep-alive, x-upgrade\r\n")]
    public async Task Connection_names_no_header_to_a_pod(string lines)
    {
        var seen = await AskAsync("/", lines);
        Assert.Null(Header(seen, "connection"));
        Assert.Equal("127.0.0.1", Header(seen, "x-forwarded-for"));
    }

    [Theory]
    [InlineData("Connection: keep-alive, Upgrade\r\n")]
    [InlineData("Connection: UPGRADE, X-Forwarded-For\r\n")]
    [InlineData("Connection: X-Forwarded-For\r\nConnection: upgrade\r\n")]
    public async Task An_upgrade_goes_through_alone(string lines)
    {
        var seen = await AskAsync(
            "/",
            $"{lines}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        Assert.Equal(("upgrade", "websocket"), (Header(seen, "connection"), Header(seen, "upgrade")));
    }

    private async Task TellAsync(params RuntimeCommand[] commands)
    {
        await using var connection = await haproxy.ConnectAsync();
        foreach (var reply in await connection.SendAsync(commands, Cancelled))
            Assert.False(reply.IsError, reply.Text);
    }

    private Task AddAsync(string key, HeadPod pod) => TellAsync(new RuntimeCommand($"add map virt@routes {key} {pod.Name}"));

    private async Task<string> NameAsync(string path) => (await AskAsync(path)).Split('\n')[0];

    private static string Target(string seen) => seen.Split('\n')[1].Split(' ') is [_, var target, ..] ? target : seen;

    private static string? Header(string seen, string name) => WireAnswer.ValueIn(seen, name);

    /// <summary>What the pod saw: its name, then the request's head.</summary>
    private async Task<string> AskAsync(string target, string headers = "", int? port = null, byte[]? before = null, bool tls = false)
    {
        var answer = await AnswerAsync(target, headers, port, before, tls);
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }

    private Task<WireAnswer> AnswerAsync(string target, string headers = "", int? port = null, byte[]? before = null, bool tls = false) =>
        WireClient.Http1Async(
            new(IPAddress.Loopback, port ?? haproxy.Ports.Http), $"GET {target} HTTP/1.1\r\nHost: {Host}\r\n{headers}\r\n", before: before, tls: tls);

    private async Task<string> AskHttp2Async(string target)
    {
        var answer = await WireClient.Http2Async(
            new(IPAddress.Loopback, haproxy.Ports.Http), [(":method", "GET"), (":scheme", "http"), (":authority", Host), (":path", target)]);
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }
}
