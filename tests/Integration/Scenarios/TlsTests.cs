using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Azure.Storage.Blobs;
using IngressReconciler.Storage;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Certificates come from Secrets when they are pushed, and their keys are nowhere else.</summary>
[Collection(nameof(Scenarios))]
public sealed class TlsTests : IAsyncLifetime
{
    private const string Host = "tls.example";

    private readonly Stage stage = new();
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-manifests-").FullName;
    private readonly List<string> keys = [];

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await stage.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_certificate_comes_rotates_and_goes_without_a_failed_handshake_and_without_leaving_its_key()
    {
        var pod = await stage.PodAsync("tls-1");
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.yaml"), """
            {apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: ours, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}, spec: {controller: ingressreconciler.dev/ingress-controller}}
            """ + "\n---\n" + TlsManifests.Of("tls", "pair", pod.Place.Address, stage.PodPort), TestContext.Current.CancellationToken);
        var clusters = stage.Open(settings => settings with
        {
            Manifests = folder,
            Routing = settings.Routing with { Settings = settings.Routing.Settings with { DefaultCertificate = new("shop", "fallback") } },
        });
        var reconciler = clusters.All[stage.ClusterId];
        Task ResyncAsync() => clusters.ResyncAsync(TestContext.Current.CancellationToken);

        // No Secret yet: the bootstrap's own certificate, and a finding.
        await ResyncAsync();
        Assert.Contains("localhost", await ShownAsync(Host), StringComparison.Ordinal);
        Assert.Contains(reconciler.Wanted.Findings, finding => finding is { Reason: "SecretNotFound", Object.Name: "tls" } && finding.Message.Contains("spec.tls[0].secretName", StringComparison.Ordinal));

        // The Secret comes, and with it the default certificate.
        var serials = new ConcurrentDictionary<string, bool>();
        var first = await WriteAsync("pair", Host);
        var fallback = await WriteAsync("fallback", "fallback.example");
        await ResyncAsync();
        Assert.Equal((first, fallback), (await ShownAsync(Host), await ShownAsync("unknown.example")));

        // It rotates under handshakes.
        using var stop = new CancellationTokenSource();
        var (handshakes, failures) = (0, new ConcurrentQueue<string>());
        var shaking = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    serials[await ShownAsync(stage.Proxies[i % 2], Host)] = true;
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException or SocketException)
                {
                    failures.Enqueue(e.Message);
                }

                Interlocked.Increment(ref handshakes);
            }
        })).ToArray();
        var newest = first;
        var rotated = new HashSet<string> { first };
        for (var i = 0; i < 12; i++)
        {
            rotated.Add(newest = await WriteAsync("pair", Host));
            await ResyncAsync();
            Assert.Equal(newest, await ShownAsync(Host));
        }

        await stop.CancelAsync();
        await Task.WhenAll(shaking);
        Assert.Empty(failures);
        Assert.Subset(rotated, serials.Keys.ToHashSet());

        // A key that does not fit: the one before stays, and the trouble is told.
        var good = await File.ReadAllTextAsync(Path.Combine(folder, "pair.yaml"), TestContext.Current.CancellationToken);
        await WriteAsync("pair", Host, foreignKey: true);
        await ResyncAsync();
        Assert.Equal(newest, await ShownAsync(Host));
        Assert.Contains(reconciler.Findings, finding => finding is { Reason: "CertificateNotUsable", Object: { Namespace: "shop", Name: "pair" } });
        Assert.All(reconciler.Proxies, proxy => Assert.Contains(
            "all is applied but Secret shop/pair: tls.key is not the key of any certificate in tls.crt",
            proxy.Trouble,
            StringComparison.Ordinal));
        Assert.Contains(stage.Log, line => line.Contains("goes on without what Secret shop/pair asks for", StringComparison.Ordinal));
        await ResyncAsync();
        Assert.Equal(newest, await ShownAsync(Host));
        await File.WriteAllTextAsync(Path.Combine(folder, "pair.yaml"), good, TestContext.Current.CancellationToken);
        await ResyncAsync();
        Assert.All(reconciler.Proxies, proxy => Assert.Null(proxy.Trouble));

        // It goes: the default certificate. The old ones are in no store.
        File.Delete(Path.Combine(folder, "pair.yaml"));
        await ResyncAsync();
        Assert.Equal(fallback, await ShownAsync(Host));
        await Stage.UntilAsync(async () => string.Join(' ', (await Stage.StateAsync(stage.Proxies[0])).CertificateStore));

        await NoKeyIsAnywhereAsync();
        Stage.Say($"{handshakes} handshakes over 12 rotations, none failed; {serials.Count} certificates seen");
    }

    /// <summary>The serial number that both proxies show; for the bootstrap's own certificate, its names.</summary>
    private async Task<string> ShownAsync(string host)
    {
        var shown = await ShownAsync(stage.Proxies[0], host);
        Assert.Equal(shown, await ShownAsync(stage.Proxies[1], host));
        return shown;
    }

    private static async Task<string> ShownAsync(IngressProxy proxy, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", proxy.Ports.Https);
#pragma warning disable CA5359 // Which certificate is shown is what is asked.
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(host);
        using var certificate = X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
        return certificate.Subject.Contains("localhost", StringComparison.Ordinal) || certificate.MatchesHostname("localhost") ? "localhost" : certificate.SerialNumber;
    }

    /// <summary>Writes a Secret with a new pair; its certificate's serial number.</summary>
    private async Task<string> WriteAsync(string name, string host, bool foreignKey = false)
    {
        var (certificate, key) = stage.Pki.IssueServer(host);
        if (foreignKey)
            key = stage.Pki.IssueServer(host).Key;
        keys.Add(key);
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var yaml = $"{{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {{name: {name}, namespace: shop}}, data: {{tls.crt: {Base64(certificate)}, tls.key: {Base64(key)}}}}}\n";
        await File.WriteAllTextAsync(Path.Combine(folder, name + ".yaml"), yaml);
        using var read = X509Certificate2.CreateFromPem(certificate);
        return read.SerialNumber;
    }

    private async Task NoKeyIsAnywhereAsync()
    {
        var container = new BlobContainerClient(StorageOptions.AzuriteConnection(stage.StoragePort), new StorageOptions().Container);
        var (blobs, everything) = (0, new StringBuilder(string.Join('\n', stage.Log)));
        await foreach (var blob in container.GetBlobsAsync(cancellationToken: TestContext.Current.CancellationToken))
        {
            if (!blob.Name.Contains(stage.ClusterId, StringComparison.Ordinal))
                continue;
            var content = await container.GetBlobClient(blob.Name).DownloadContentAsync(TestContext.Current.CancellationToken);
            everything.Append(Encoding.Latin1.GetString(content.Value.Content));
            blobs++;
        }

        var text = everything.Append(string.Join('\n', stage.Proxies.Select(proxy => proxy.Output))).ToString();
        Assert.True(blobs > 3);
        foreach (var key in keys)
        {
            // Any line of it, and the same encoded once more.
            var body = string.Concat(key.Split('\n').Where(line => !line.StartsWith("---", StringComparison.Ordinal)));
            Assert.DoesNotContain(body[20..60], text, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(key))[60..100], text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("PRIVATE KEY", text, StringComparison.Ordinal);
        Stage.Say($"{keys.Count} keys in none of {blobs} blobs and {stage.Log.Count} log lines");
    }
}
