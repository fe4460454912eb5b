using System.Net;
using System.Net.Sockets;
using Xunit;
using static IngressReconciler.Tests.Integration.Proxies.ProxyLine;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>Every header of the table on every port, from every kind of source.</summary>
public sealed class ProxyVectorTests(ProxyLine line) : IClassFixture<ProxyLine>, IAsyncLifetime
{
    private static readonly IPAddress Loopback6 = IPAddress.IPv6Loopback;

    public static TheoryData<string> Version1 { get; } = [.. ProxyVectors.Version1.Select(vector => vector.Name)];

    public static TheoryData<string> Version2 { get; } = [.. ProxyVectors.Version2.Select(vector => vector.Name)];

    public static TheoryData<string> Neither { get; } = [.. ProxyVectors.Neither.Select(vector => vector.Name)];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await line.HealthyAsync();

    [Theory]
    [MemberData(nameof(Version1))]
    public Task Of_version_1(string name) => TryAsync(ProxyVectors.Version1.Single(vector => vector.Name == name));

    [Theory]
    [MemberData(nameof(Version2))]
    public Task Of_version_2(string name) => TryAsync(ProxyVectors.Version2.Single(vector => vector.Name == name));

    [Theory]
    [MemberData(nameof(Neither))]
    public Task That_is_none(string name) => TryAsync(ProxyVectors.Neither.Single(vector => vector.Name == name));

    [Fact]
    public void Where_HAProxy_and_the_specification_differ_the_table_says_why_that_is_safe() => Assert.All(All, vector =>
    {
        var taken = vector.HAProxy is not Outcome.Closed;
        Assert.Equal(vector.Specified is Specified.Either || vector.Specified is Specified.Accept == taken, vector.Why is null);
    });

    [Fact]
    public async Task Without_a_header_the_plain_ports_serve_all_but_who_must_send_one()
    {
        foreach (var (port, tls) in new[] { (line.Ingress.Ports.Http, false), (line.Ingress.Ports.Https, true) })
        {
            Assert.Equal($"{Accepted}", (await ProxyCaller.AskAsync(Accepted, At(port), [], tls)).Client);
            Assert.Equal($"{Stranger}", (await ProxyCaller.AskAsync(Stranger, At(port), [], tls)).Client);
            Assert.Equal(Outcome.Closed, (await ProxyCaller.AskAsync(Required, At(port), [], tls)).Outcome);
        }
    }

    [Fact]
    public async Task Over_IPv6_they_come_to_the_same()
    {
        Assert.SkipUnless(HasIPv6(), "this machine has no ::1");
        using var pki = new TestPki();
        await using var proxy = new IngressProxy("six", Loopback6, ProxyPorts.Free(), pki);
        await proxy.StartAsync();
        await using var admin = await proxy.ConnectAsync(cancel: TestContext.Current.CancellationToken);
        async Task TellAsync(string command) => Assert.False((await admin.SendAsync([new(command)], TestContext.Current.CancellationToken))[0].IsError);
        Task<Answer> AskAsync(int port, byte[] header) => ProxyCaller.AskAsync(Loopback6, new(Loopback6, port), header);
        Task EachAsync(Func<ProxyVector, Task> check) => Parallel.ForEachAsync(All, TestContext.Current.CancellationToken, async (vector, _) => await check(vector));
        await TellAsync($"add map virt@state {ProxyCaller.Token} probe:six");

        await EachAsync(async vector =>
        {
            NotServed(vector, await AskAsync(proxy.Ports.Http, vector.Header));
            Same(vector, new(Outcome.Closed, null, ""), await AskAsync(proxy.Ports.HttpProxy, vector.Header));
        });
        await TellAsync("add map virt@proxy-sources ::1/128 accepted");
        await EachAsync(async vector =>
        {
            NotServed(vector, await AskAsync(proxy.Ports.Http, vector.Header));
            Same(vector, Expected(vector, Loopback6), await AskAsync(proxy.Ports.HttpProxy, vector.Header));
        });
        await TellAsync("set map virt@proxy-sources ::1/128 required");
        await EachAsync(async vector =>
        {
            Same(vector, Expected(vector, Loopback6), await AskAsync(proxy.Ports.Http, vector.Header));
            Same(vector, Expected(vector, Loopback6), await AskAsync(proxy.Ports.HttpProxy, vector.Header));
        });
    }

    private static IEnumerable<ProxyVector> All => [.. ProxyVectors.Version1, .. ProxyVectors.Version2, .. ProxyVectors.Neither];

    private Task TryAsync(ProxyVector vector)
    {
        var (ingress, edge) = (line.Ingress.Ports, line.Edge.Ports);
        return Task.WhenAll(
            TakenAsync(vector, Required, ingress.Http, ingress.Https),
            TakenAsync(vector, Required, ingress.HttpProxy, ingress.HttpsProxy),
            TakenAsync(vector, Accepted, ingress.HttpProxy, ingress.HttpsProxy),
            TakenAsync(vector, Stranger, edge.HttpProxy, edge.HttpsProxy),
            NotTakenAsync(vector, Accepted, ingress.Http, ingress.Https),
            NotTakenAsync(vector, Stranger, ingress.Http, ingress.Https),
            NotTakenAsync(vector, Accepted, edge.Http, edge.Https),
            RefusedAsync(vector, Stranger, ingress.HttpProxy, ingress.HttpsProxy));
    }

    /// <summary>Where headers are read: what the table says.</summary>
    private static async Task TakenAsync(ProxyVector vector, IPAddress from, int http, int https)
    {
        Same(vector, Expected(vector, from), await ProxyCaller.AskAsync(from, At(http), vector.Header));
        var overTls = vector.HAProxy is Outcome.Rejected ? new(Outcome.Closed, null, "") : Expected(vector, from); // no ClientHello
        Same(vector, overTls, await ProxyCaller.AskAsync(from, At(https), vector.Header, tls: true));
    }

    /// <summary>Where a header is no header but the beginning of a request: never served.</summary>
    private static async Task NotTakenAsync(ProxyVector vector, IPAddress from, int http, int https)
    {
        if (vector.Header.Length == 0)
            return;
        NotServed(vector, await ProxyCaller.AskAsync(from, At(http), vector.Header));
        NotServed(vector, await ProxyCaller.AskAsync(from, At(https), vector.Header, tls: true));
    }

    /// <summary>Where a source may not connect: closed before anything is read.</summary>
    private static async Task RefusedAsync(ProxyVector vector, IPAddress from, int http, int https)
    {
        Same(vector, new(Outcome.Closed, null, ""), await ProxyCaller.AskAsync(from, At(http), vector.Header));
        Same(vector, new(Outcome.Closed, null, ""), await ProxyCaller.AskAsync(from, At(https), vector.Header, tls: true));
    }

    private static Answer Expected(ProxyVector vector, IPAddress from) => new(vector.HAProxy, vector.Client == ProxyVectors.Own ? $"{from}" : vector.Client, "");

    private static void Same(ProxyVector vector, Answer expected, Answer actual) =>
        Assert.True((expected.Outcome, expected.Client) == (actual.Outcome, actual.Client), $"{vector.Name}: {expected.Outcome} {expected.Client} was expected, and it was {actual}");

    private static void NotServed(ProxyVector vector, Answer actual) => Assert.True(vector.Header.Length == 0 || actual.Outcome is not Outcome.Served, $"{vector.Name}: {actual}");

    private static bool HasIPv6()
    {
        try
        {
            using var listener = new TcpListener(Loopback6, 0);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
