using System.Globalization;
using System.Net;
using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>An edge proxy before an ingress proxy, pushed by hand, and sources of every kind.</summary>
public sealed class ProxyLine : IAsyncLifetime
{
    /// <summary>Must send a PROXY header, on whichever port.</summary>
    internal static readonly IPAddress Required = IPAddress.Parse("127.0.0.2");

    /// <summary>May send one, on the ports for it.</summary>
    internal static readonly IPAddress Accepted = IPAddress.Parse("127.0.0.3");

    /// <summary>May not.</summary>
    internal static readonly IPAddress Stranger = IPAddress.Parse("127.0.0.4");

    private const int Margin = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TestPki pki = new();
    private readonly HttpClient web = new();
    private readonly Dictionary<int, int> descriptors = [];
    private RuntimeConnection ingress = null!;
    private RuntimeConnection edge = null!;

    /// <summary>Makes them; they do not run yet.</summary>
    public ProxyLine()
    {
        Ingress = new("ingress", IPAddress.Loopback, ProxyPorts.Free(), pki);
        Edge = new("edge", IPAddress.Loopback, EdgePorts.Free(), pki);
    }

    /// <summary>The ingress proxy.</summary>
    internal IngressProxy Ingress { get; }

    /// <summary>The edge proxy.</summary>
    internal EdgeProxy Edge { get; }

    /// <summary>A port of loopback.</summary>
    internal static IPEndPoint At(int port) => new(IPAddress.Loopback, port);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(Ingress.StartAsync(), Edge.StartAsync());
        ingress = await Ingress.ConnectAsync(cancel: TestContext.Current.CancellationToken);
        edge = await Edge.ConnectAsync(cancel: TestContext.Current.CancellationToken);
        await TellIngressAsync(
            $"add map virt@proxy-sources {Required}/32 required",
            $"add map virt@proxy-sources {Accepted}/32 accepted",
            "add map virt@proxy-sources 127.0.0.1/32 accepted",
            $"add map virt@state {ProxyCaller.Token} probe:ingress",
            "add map virt@state ready 1");
        await TellEdgeAsync([.. To("http", Ingress.Ports.HttpProxy), .. To("https", Ingress.Ports.HttpsProxy)]);
        foreach (var pid in new[] { Ingress.Pid, Edge.Pid })
            descriptors[pid] = Descriptors(pid);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        web.Dispose();
        await ingress.DisposeAsync();
        await edge.DisposeAsync();
        await Edge.DisposeAsync();
        await Ingress.DisposeAsync();
        pki.Dispose();
    }

    /// <summary>Commands to the ingress proxy, none of which fails.</summary>
    internal async Task TellIngressAsync(params string[] commands) => await TellAsync(ingress, commands);

    /// <summary>Commands to the edge proxy, none of which fails.</summary>
    internal async Task TellEdgeAsync(params string[] commands) => await TellAsync(edge, commands);

    /// <summary>Both are the processes that they were, serve, and hold no connection or file of a test that is over.</summary>
    internal async Task HealthyAsync()
    {
        Assert.Equal(descriptors.Keys.Order(), new[] { Ingress.Pid, Edge.Pid }.Order());
        Assert.StartsWith("ready, ", await web.GetStringAsync(new Uri($"http://127.0.0.1:{Ingress.Ports.Health}/readyz"), TestContext.Current.CancellationToken));
        Assert.Equal(Outcome.Served, (await ProxyCaller.AskAsync(Stranger, At(Ingress.Ports.Http), [])).Outcome);
        Assert.Equal(Outcome.Served, (await ProxyCaller.AskAsync(Stranger, At(Edge.Ports.Http), [])).Outcome);
        var deadline = TimeProvider.System.GetTimestamp();
        string? left;
        while ((left = await LeftAsync(ingress) ?? await LeftAsync(edge) ?? descriptors.Select(Grown).FirstOrDefault(grown => grown is not null)) is not null)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Patience, left);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static async Task TellAsync(RuntimeConnection connection, string[] commands)
    {
        var replies = await connection.SendAsync([.. commands.Select(command => new RuntimeCommand(command))], TestContext.Current.CancellationToken);
        Assert.All(replies, reply => Assert.False(reply.IsError, reply.Text));
    }

    private static string? Grown(KeyValuePair<int, int> before) =>
        Descriptors(before.Key) is var now && now > before.Value + Margin ? $"{now} open files of process {before.Key}, where there were {before.Value}" : null;

    private static int Descriptors(int pid) => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count();

    private static async Task<string?> LeftAsync(RuntimeConnection connection)
    {
        const string field = "CurrConns: ";
        var info = (await connection.SendAsync([new("show info")], TestContext.Current.CancellationToken))[0].Text;
        var open = int.Parse(info.Split('\n').Single(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..], CultureInfo.InvariantCulture);
        return open > Margin ? $"{open} connections are still open" : null;
    }

    private static string[] To(string protocol, int port) =>
    [
        $"add backend tcp:{protocol} from tcp",
        $"add server tcp:{protocol}/ingress ipv4@127.0.0.1:{port} check{(protocol == "https" ? " check-ssl verify none" : "")} check-send-proxy send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) %[var(sess.link)]",
        $"set server tcp:{protocol}/ingress state ready",
        $"enable health tcp:{protocol}/ingress",
        $"publish backend tcp:{protocol}",
        $"add map virt@routes edge-{protocol}|/ tcp:{protocol}",
    ];
}
