using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

public sealed class ProxyLinkTests(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_is_kept_from_one_use_to_the_next()
    {
        using var credentials = haproxy.Pki.Credentials();
        await using var link = new ProxyLink(haproxy.Address, credentials, HAProxyProcess.Options, TimeProvider.System);
        Assert.Equal(0, link.Session);

        var uses = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => EchoAsync(link, $"{i}")));

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), uses);
        Assert.Equal(1, link.Session);
        Assert.False(link.Disconnected.IsCompleted);
    }

    [Fact]
    public async Task A_killed_proxy_is_noticed_at_once_and_the_next_use_meets_the_new_process()
    {
        using var credentials = haproxy.Pki.Credentials();
        await using var link = new ProxyLink(haproxy.Address, credentials, HAProxyProcess.Options with { ConnectAttempts = 20 }, TimeProvider.System);
        var watched = link.Disconnected;
        var before = await link.UseAsync((connection, _) => Task.FromResult(connection.Process), Cancelled);

        await haproxy.KillAsync();
        var killed = Stopwatch.GetTimestamp();
        await watched.WaitAsync(TimeSpan.FromSeconds(1), Cancelled);
        var noticed = Stopwatch.GetElapsedTime(killed);
        await haproxy.StartAsync();
        var after = await link.UseAsync((connection, _) => Task.FromResult(connection.Process), Cancelled);

        Assert.True(noticed < TimeSpan.FromMilliseconds(200), $"{noticed}");
        Assert.NotEqual(before, after);
        Assert.Equal(haproxy.Pid, after.Pid);
        Assert.Equal(2, link.Session);
        Assert.False(link.Disconnected.IsCompleted);
    }

    [Fact]
    public async Task A_proxy_killed_while_it_is_used_fails_the_use_and_not_the_next_one()
    {
        using var credentials = haproxy.Pki.Credentials();
        await using var link = new ProxyLink(haproxy.Address, credentials, HAProxyProcess.Options, TimeProvider.System);
        await EchoAsync(link, "warm");

        var use = link.UseAsync((connection, token) => connection.SendAsync([new("wait 10s")], token), Cancelled);
        await Task.Delay(50, Cancelled);
        await haproxy.KillAsync();
        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => use.WaitAsync(TimeSpan.FromSeconds(1), Cancelled));
        await haproxy.StartAsync();

        Assert.True(e.IsTransient);
        Assert.Equal("again", await EchoAsync(link, "again"));
    }

    [Fact]
    public async Task A_dead_proxy_costs_its_users_nothing_once_that_is_known()
    {
        using var credentials = haproxy.Pki.Credentials();
        var nowhere = haproxy.Address.At(FreePorts.Take());
        await using var link = new ProxyLink(
            nowhere, credentials, HAProxyProcess.Options with { CircuitBreak = TimeSpan.FromMinutes(1) }, TimeProvider.System);
        var first = await Assert.ThrowsAsync<ProxyUnavailableException>(() => EchoAsync(link, "x"));

        var started = Stopwatch.GetTimestamp();
        var second = await Assert.ThrowsAsync<ProxyUnavailableException>(() => EchoAsync(link, "x"));

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMilliseconds(50));
        Assert.Contains("refuses connections", first.Message, StringComparison.Ordinal);
        Assert.Contains("is not tried again yet, after several failures; the last: it at 127.0.0.1", second.Message, StringComparison.Ordinal);
        Assert.InRange(second.RetryAfter, TimeSpan.FromSeconds(50), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task An_open_circuit_closes_when_the_proxy_is_back()
    {
        using var credentials = haproxy.Pki.Credentials();
        await using var link = new ProxyLink(
            haproxy.Address, credentials, HAProxyProcess.Options with { CircuitBreak = TimeSpan.FromMilliseconds(500) }, TimeProvider.System);
        await haproxy.KillAsync();
        await Assert.ThrowsAsync<ProxyUnavailableException>(() => EchoAsync(link, "x"));
        var open = await Assert.ThrowsAsync<ProxyUnavailableException>(() => EchoAsync(link, "x"));
        await haproxy.StartAsync();

        await Task.Delay(open.RetryAfter + TimeSpan.FromMilliseconds(20), Cancelled);

        Assert.Equal("back", await EchoAsync(link, "back"));
    }

    [Fact]
    public async Task A_proxy_that_accepts_and_says_nothing_meets_the_deadline()
    {
        using var credentials = haproxy.Pki.Credentials();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var options = HAProxyProcess.Options with { ConnectDeadline = TimeSpan.FromSeconds(30), UseDeadline = TimeSpan.FromMilliseconds(300) };
        var mute = haproxy.Address.At(((IPEndPoint)silent.LocalEndpoint).Port);
        await using var link = new ProxyLink(mute, credentials, options, TimeProvider.System);

        var started = Stopwatch.GetTimestamp();
        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => EchoAsync(link, "x"));

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(2));
        Assert.EndsWith("was not done within 0.3 s.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_use_throws_comes_out_and_leaves_the_session()
    {
        using var credentials = haproxy.Pki.Credentials();
        await using var link = new ProxyLink(haproxy.Address, credentials, HAProxyProcess.Options, TimeProvider.System);

        await Assert.ThrowsAsync<ArgumentException>(() => link.UseAsync((connection, token) => connection.SendAsync([new("a;b")], token), Cancelled));

        Assert.Equal("well", await EchoAsync(link, "well"));
        Assert.Equal(1, link.Session);
    }

    private static Task<string> EchoAsync(ProxyLink link, string word) =>
        link.UseAsync(async (connection, token) => (await connection.SendAsync([new($"echo {word}")], token))[0].Text, Cancelled);
}
