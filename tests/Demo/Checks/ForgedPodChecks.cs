using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>
/// Somebody who can send events says that there is one more ingress proxy, and waits there with the edge's certificate for private keys: nobody
/// comes.
/// </summary>
internal static class ForgedPodChecks
{
    private const string Name = "ingress-proxy-forged";

    public static Task RunAsync(Landscape landscape, Checklist list) =>
        list.RunAsync("an event tells of a Pod that the cluster does not have: what listens there is not connected to, and it is said", async () =>
        {
            var folder = Path.Combine(landscape.Proxies[0].Pki.Folder, "edge/admin");
            using var read = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));
            using var certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            var (connections, bytes) = (0, 0);
            using var end = new CancellationTokenSource();
            var listening = ListenAsync();

            await landscape.Local.PostAsync(Pod(port));
            var said = "";
            await Waiting.UntilAsync(async () => (said = await SaidAsync(landscape)).Length > 0, $"status says that {Name} is not confirmed");

            // All keys go everywhere anew with a resync that reads every proxy back.
            await landscape.Local.ResyncAsync();
            var agreed = await Agreement.AwaitAsync(landscape);
            await end.CancelAsync();
            await listening;
            Require(connections == 0, $"it was connected to {connections} times, and was sent {bytes} bytes");
            Require(
                said.Contains($"127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}, but the API server has no such Pod", StringComparison.Ordinal),
                said);
            return $"'{said}'; {agreed}";

            async Task ListenAsync()
            {
                try
                {
                    while (true)
                    {
                        using var client = await listener.AcceptTcpClientAsync(end.Token);
                        connections++;
                        await using var tls = new SslStream(client.GetStream());
                        await tls.AuthenticateAsServerAsync(certificate).WaitAsync(end.Token);
                        var buffer = new byte[65536];
                        while (await tls.ReadAsync(buffer, end.Token) is > 0 and var more)
                            bytes += more;
                    }
                }
                catch (Exception e) when (e is OperationCanceledException or IOException or AuthenticationException)
                {
                    // The check is over, or the other side hung up: it was connected to then.
                }
            }
        });

    private static async Task<string> SaidAsync(Landscape landscape)
    {
        using var status = JsonDocument.Parse(await landscape.Local.AskAsync($"{LocalHost.Cluster}/status"));
        return status.RootElement.TryGetProperty("disputes", out var disputes)
            ? disputes.EnumerateArray().Select(one => one.GetString()!).FirstOrDefault(one => one.Contains(Name, StringComparison.Ordinal)) ?? ""
            : "";
    }

    private static JsonObject Pod(int port) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject
        {
            ["name"] = Name,
            ["namespace"] = "ingress-reconciler",
            ["resourceVersion"] = "9999999999999999999",
            ["labels"] = new JsonObject { ["app.kubernetes.io/name"] = "ingress-proxy" },
        },
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = "haproxy",
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "admin", ["containerPort"] = port }),
            }),
        },
        ["status"] = new JsonObject { ["phase"] = "Running", ["podIP"] = "127.0.0.1" },
    };
}
