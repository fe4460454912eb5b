using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Harness.Simulated;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// The HAProxy of the simulation answers as a real one does: both are told the same, at random, and what they say is compared but for
/// addresses in memory, numbers of their own and times.
/// </summary>
public sealed partial class SimulatedHAProxyTests
{
    /// <summary>Of a line of <c>show servers state</c>: backend, name, address, administrative state, check, port and so on.</summary>
    private static readonly int[] ComparedFields = [1, 3, 4, 6, 13, 18, 20];

    private const int Streams = 40;
    private const int Commands = 250;

    [Fact]
    public async Task It_says_what_a_real_one_says()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var pki = new TestPki();
        for (var stream = 0; stream < Streams; stream += 10)
        {
            await using var real = new IngressProxy("real", IPAddress.Loopback, ProxyPorts.Free(), pki);
            await real.StartAsync();
            await using var connection = await real.ConnectAsync(cancel: cancel);
            var simulated = new SimulatedHAProxy(1, 1);
            for (var i = 0; i < 10; i++)
                await CompareAsync(stream + i, connection, simulated, cancel);
        }
    }

    private static async Task CompareAsync(int seed, RuntimeConnection real, SimulatedHAProxy simulated, CancellationToken cancel)
    {
        var source = new AdminCommands(new Random(seed), Bundle.Value);
        RuntimeCommand[] commands = [.. Enumerable.Range(0, Commands).Select(_ => source.Next())];
        var replies = await real.SendAsync(commands, cancel);
        for (var i = 0; i < commands.Length; i++)
        {
            var reply = simulated.Execute(AdminCommand.Of(commands[i].Line, commands[i].Payload));
            var said = RuntimeReply.Parse(Encoding.UTF8.GetBytes(reply));
            var (expected, actual) = (Normal(commands[i], replies[i]), Normal(commands[i], said));
            if (expected != actual)
                Assert.Fail(
                    $"stream {seed}, command {i}, '{commands[i].Line}': a real one says\n{expected}\nand the simulated one\n{actual}");
        }
    }

    private static string Normal(RuntimeCommand command, RuntimeReply reply)
    {
        var lines = reply.Text.Split('\n').Select(line => line.TrimEnd());
        if (reply.Text.StartsWith("Unknown command", StringComparison.Ordinal))
            lines = ["unknown"];
        else if (command.Line.StartsWith("show map", StringComparison.Ordinal))
            lines = lines.Select(line => Address().Replace(line, "0x"));
        else if (command.Line.StartsWith("show stat", StringComparison.Ordinal))
            lines = lines.Where(line => line.Contains(":a:", StringComparison.Ordinal)).Select(line => line.Split(',')).Select(
                fields => $"{fields[0]} {fields[17].EndsWith("(UNPUB)", StringComparison.Ordinal)}");
        else if (command.Line.StartsWith("show servers", StringComparison.Ordinal))
            lines = lines.Where(line => line.Contains(":a:", StringComparison.Ordinal)).Select(line => line.Split(' ')).Select(
                fields => string.Join(' ', ComparedFields.Select(at => fields[at])));
        else if (command.Line.StartsWith("commit ssl", StringComparison.Ordinal))
            lines = lines.Select(line => line.TrimEnd('.'));
        else if (command.Line.StartsWith("show ssl crt-list", StringComparison.Ordinal))
            lines = lines.Select(line => line.Replace(" []", "", StringComparison.Ordinal));
        return $"{reply.IsError}: {string.Join('\n', lines)}";
    }

    [GeneratedRegex("^0x[0-9a-f]+")]
    private static partial Regex Address();

    private static readonly Lazy<string> Bundle = new(() =>
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x.example", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    });
}
