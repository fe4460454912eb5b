using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;
using static IngressReconciler.Tests.Integration.Proxies.ProxyHeaders;
using static IngressReconciler.Tests.Integration.Proxies.ProxyLine;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// The number of the private endpoint that a connection came through: from Azure's TLV at the edge to a request header at the pod, where it is
/// asked for. Nobody but the load balancer can say it.
/// </summary>
public sealed class PrivateLinkTests(ProxyLine line) : IClassFixture<ProxyLine>, IAsyncLifetime
{
    private const string Client = "203.0.113.7";
    private readonly TcpListener pod = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource over = new();
    private Task serving = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        pod.Start();
        serving = ServeAsync();
        await line.TellIngressAsync(
            "add backend pods from http",
            $"add server pods/one ipv4@127.0.0.1:{((IPEndPoint)pod.LocalEndpoint).Port}",
            "set server pods/one state ready",
            "publish backend pods",
            "add map virt@routes ingress|/ pods",
            "add map virt@state link-id 0");
    }

    public async ValueTask DisposeAsync()
    {
        await line.TellIngressAsync(
            "clear map virt@routes",
            "del map virt@state link-id",
            "set server pods/one state maint",
            "wait 5s srv-removable pods/one",
            "del server pods/one",
            "unpublish backend pods",
            "del backend pods");
        await over.CancelAsync();
        await serving;
        pod.Dispose();
        over.Dispose();
        await line.HealthyAsync();
    }

    [Theory]
    [InlineData("0125000000", "37")]
    [InlineData("0100000000", "0")]
    [InlineData("010D0A0D0A", "168626701")]
    [InlineData("0178563412", "305419896")]
    [InlineData("01FFFFFFFF", "4294967295")]
    [InlineData("0100000080", "2147483648")]
    [InlineData("0225000000", null)] // another kind of thing that Azure may say some day
    [InlineData("01250000", null)]
    [InlineData("012500000000", null)]
    [InlineData("", null)]
    public async Task Azures_number_arrives_in_decimal_when_it_is_asked_for(string tlv, string? number)
    {
        var header = WithChecksum(For(Client, Tlv(Noop, 0), Tlv(PrivateLink, Convert.FromHexString(tlv)), Tlv(UniqueId, 0, 1)));

        Assert.Null(await SeenAsync(line.Edge.Ports.HttpProxy, header));
        await line.TellIngressAsync("set map virt@state link-id 1");

        Assert.Equal(number, await SeenAsync(line.Edge.Ports.HttpProxy, header));
        Assert.Equal(number, await SeenAsync(line.Edge.Ports.HttpsProxy, header, tls: true));
        await line.TellIngressAsync("set map virt@state link-id 0");
        Assert.Null(await SeenAsync(line.Edge.Ports.HttpProxy, header));
    }

    [Fact]
    public async Task Who_did_not_come_through_a_private_endpoint_has_none_whatever_he_says()
    {
        await line.TellIngressAsync("set map virt@state link-id 1");

        Assert.Null(await SeenAsync(line.Edge.Ports.Http, []));
        Assert.Null(await SeenAsync(line.Edge.Ports.HttpProxy, For(Client)));
        Assert.Null(await SeenAsync(line.Edge.Ports.HttpProxy, Text($"PROXY TCP4 {Client} 192.0.2.1 4711 80\r\n")));
        Assert.Null(await SeenAsync(line.Edge.Ports.HttpProxy, For(Client, Tlv(LinkId, "37"u8.ToArray())))); // the edge's word for it, from outside
        Assert.Null(await SeenAsync(line.Ingress.Ports.Http, []));
    }

    [Theory]
    [InlineData("37", "37")]
    [InlineData("", null)]
    [InlineData("-3", null)]
    [InlineData("x", null)]
    [InlineData("3\r\nX-Evil: yes", null)]
    [InlineData("3\nX-Evil: yes", null)]
    [InlineData("3\n", "3")] // a regular expression's end may be before a last LF; but a number goes on, not the text
    [InlineData("3\0", null)]
    public async Task The_ingress_proxy_takes_a_number_from_the_edge_and_nothing_else(string said, string? number)
    {
        await line.TellIngressAsync("set map virt@state link-id 1");

        Assert.Equal(number, await SeenAsync(line.Ingress.Ports.HttpProxy, For(Client, Tlv(LinkId, Encoding.Latin1.GetBytes(said))), from: Accepted));
    }

    /// <summary>What the pod got in the header, whatever the client itself put into it; null when it got none.</summary>
    private static async Task<string?> SeenAsync(int port, byte[] header, bool tls = false, IPAddress? from = null)
    {
        const string name = "X-Azure-Private-Link-Id: ";
        var request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x.example\r\n{name}666\r\n{name.ToLowerInvariant()}667\r\nConnection: close\r\n\r\n");
        var answer = await ProxyCaller.AskAsync(from ?? Stranger, At(port), header, tls, request);
        Assert.Equal(Outcome.Served, answer.Outcome);
        Assert.DoesNotContain("evil", answer.Text, StringComparison.OrdinalIgnoreCase);
        var rows = answer.Text.Split("\r\n").Where(row => row.StartsWith(name, StringComparison.OrdinalIgnoreCase)).Select(row => row[name.Length..]).ToArray();
        return rows.Length == 0 ? null : string.Join(" and ", rows);
    }

    /// <summary>Answers every request with its own head.</summary>
    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await pod.AcceptTcpClientAsync(over.Token);
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.Latin1);
                var head = new StringBuilder();
                while (await reader.ReadLineAsync(over.Token) is { Length: > 0 } row)
                    head.Append(row).Append("\r\n");
                await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {head.Length}\r\n\r\n{head}"), over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
