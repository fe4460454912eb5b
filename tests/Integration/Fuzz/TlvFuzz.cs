using System.Net;
using System.Net.Sockets;
using System.Text;
using IngressReconciler.Tests.Harness.Fuzz;
using IngressReconciler.Tests.Integration.Proxies;
using Xunit;
using static IngressReconciler.Tests.Integration.Proxies.ProxyHeaders;
using static IngressReconciler.Tests.Integration.Proxies.ProxyLine;

namespace IngressReconciler.Tests.Integration.Fuzz;

/// <summary>
/// Any TLVs in a header of version 2, through a real edge and a real ingress proxy: both stay as they are, and a pod is told a number of
/// at most ten digits as its private link, or none.
/// </summary>
public sealed class TlvFuzz(ProxyLine line) : IClassFixture<ProxyLine>, IAsyncLifetime
{
    private const string Name = "X-Azure-Private-Link-Id: ";
    private const byte Azure = 0xEE;

    private static readonly byte[] Request = Encoding.ASCII.GetBytes(
        $"GET / HTTP/1.1\r\nHost: x.example\r\n{Name}666\r\nConnection: close\r\n\r\n");

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
            "add map virt@state link-id 1");
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await serving;
        pod.Dispose();
        over.Dispose();
        await line.HealthyAsync();
    }

    [Fact]
    public Task Any_TLVs_leave_both_proxies_well_and_the_pod_with_digits_or_nothing() => FuzzRun.RunAsync(
        "tests/Integration/Fuzz/corpus/tlvs",
        [
            Tlv(Azure, 1, 37, 0, 0, 0),
            [.. Tlv(Azure, 1, 255, 255, 255, 255), .. Tlv(0xE1, "37"u8.ToArray()), .. Tlv(2, "x.example"u8.ToArray())],
            [.. Tlv(0xE1, "3\r\nX-Evil: yes"u8.ToArray()), .. Tlv(Azure, 1, 13, 10, 13, 10), .. Tlv(0x20, 1, 0, 0, 0, 0)],
            Tlv(4, new byte[256]),
            // Two of a type, of which the second is well-formed.
            [.. Tlv(Azure, 255, 255, 255, 255, 255, 255, 255), .. Tlv(Azure, 1, 37, 0, 0, 0)],
            [.. Tlv(0xE1, "999999999999999999"u8.ToArray()), .. Tlv(0xE1, "37"u8.ToArray())],
        ],
        100,
        async tlvs =>
        {
            if (tlvs.Length > 2_000)
                return;
            await TryAsync(Stranger, line.Edge.Ports.HttpProxy, tlvs);
            await TryAsync(Accepted, line.Ingress.Ports.HttpProxy, tlvs);
        });

    private static async Task TryAsync(IPAddress from, int port, byte[] tlvs)
    {
        var answer = await ProxyCaller.AskAsync(from, At(port), For("203.0.113.7", tlvs), request: Request);
        Assert.DoesNotContain("evil", answer.Text, StringComparison.OrdinalIgnoreCase);
        var said = answer.Text.Split("\r\n").Where(row => row.StartsWith(Name, StringComparison.OrdinalIgnoreCase)).ToArray();
        Assert.InRange(said.Length, 0, 1);
        Assert.All(said, row => Assert.Matches("^[0-9]{1,10}$", row[Name.Length..]));
        Assert.DoesNotContain(said, row => row.EndsWith(" 666", StringComparison.Ordinal));
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
                var answer = $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {head.Length}\r\n\r\n{head}";
                await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
