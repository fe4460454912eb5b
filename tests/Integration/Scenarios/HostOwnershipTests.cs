using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// A newer namespace asks for paths, the certificate and all that is left of another's hosts, on real proxies: it gets them where hosts are
/// shared, and nothing where they have owners.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class HostOwnershipTests : IAsyncLifetime
{
    private readonly Stage stage = new();
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-manifests-").FullName;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await stage.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_newer_namespace_gets_of_anothers_host_what_its_operator_lets_it(bool shared)
    {
        await WriteAsync("shop", 1, "rules: [{host: shop.own.example, http: {paths: [PATH(/cart)]}}]");
        var clusters = stage.Open(settings => settings with
        {
            Manifests = folder,
            Routing = settings.Routing with { Ownership = shared ? HostOwnership.Shared : HostOwnership.ByAge },
        });
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        await stage.ServedAsync("shop.own.example", "shop", "/cart");
        await AnsweredAsync("shop.own.example", "/login", "404");

        await WriteAsync("thief", 2, """
            tls: [{hosts: ["*.own.example"], secretName: thief}]
            rules:
            - {host: shop.own.example, http: {paths: [PATH(/login), PATH(/.well-known/acme-challenge)]}}
            - {host: "*.own.example", http: {paths: [PATH(/)]}}
            - {http: {paths: [PATH(/)]}}
            """);
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);

        await AnsweredAsync("shop.own.example", "/cart", "shop-1");
        foreach (var path in new[] { "/login", "/.well-known/acme-challenge/t", "/anything" })
            await AnsweredAsync("shop.own.example", path, shared ? "thief-1" : "404");
        await AnsweredAsync("free.own.example", "/", "thief-1");
        await AnsweredAsync("free.example.net", "/", "thief-1");
        Assert.Equal(shared ? "CN=thief" : "CN=localhost", await ShownAsync("shop.own.example"));
        Assert.Equal("CN=thief", await ShownAsync("free.own.example"));
        var reconciler = clusters.All[stage.ClusterId];
        string[] told = [.. reconciler.Findings.Select(one => $"{one.Object.Name} {one.Reason}").Distinct()];
        Assert.Equal(!shared, told.Contains("thief HostOwned") && told.Contains("shop HostAskedForByOthers"));
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);

        // With the neighbour gone all is as it was, and the default certificate is bound to no name.
        File.Delete(Path.Combine(folder, "thief.yaml"));
        await clusters.ResyncAsync(TestContext.Current.CancellationToken);
        await AnsweredAsync("shop.own.example", "/login", "404");
        Assert.Empty((await Stage.StateAsync(stage.Proxies[0])).Certificates);
    }

    private async Task AnsweredAsync(string host, string path, string expected)
    {
        foreach (var proxy in stage.Proxies)
        {
            var (status, echo) = await stage.GetAsync(proxy, host, path);
            Assert.Equal((host, path, expected), (host, path, echo?.Pod ?? $"{status}"));
        }
    }

    private async Task<string> ShownAsync(string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", stage.Proxies[0].Ports.Https);
#pragma warning disable CA5359 // Which certificate is shown is what is asked.
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(host);
        using var certificate = X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
        return certificate.Subject;
    }

    /// <summary>A namespace with one Service, one pod, one certificate and an Ingress, created in that month.</summary>
    private async Task WriteAsync(string name, int month, string spec)
    {
        var pod = await stage.PodAsync(name + "-1");
        var (certificate, key) = stage.Pki.IssueServer(name);
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var paths = System.Text.RegularExpressions.Regex.Replace(
            spec, @"PATH\(([^)]*)\)", "{path: $1, pathType: Prefix, backend: {service: {name: NAME, port: {number: 80}}}}");
        var yaml = """
            apiVersion: networking.k8s.io/v1
            kind: IngressClass
            metadata: {name: ours-NAME}
            spec: {controller: ingressreconciler.dev/ingress-controller}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: NAME, namespace: NAME}, spec: {ports: [{name: http, port: 80}]}}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: NAME-1, namespace: NAME, labels: {kubernetes.io/service-name: NAME}}
            addressType: IPv4
            ports: [{name: http, port: PORT}]
            endpoints: [{addresses: [ADDRESS], targetRef: {kind: Pod, name: NAME-1}}]
            ---
            apiVersion: v1
            kind: Secret
            type: kubernetes.io/tls
            metadata: {name: NAME, namespace: NAME}
            data: {tls.crt: CERTIFICATE, tls.key: KEY}
            ---
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: NAME, namespace: NAME, creationTimestamp: "2026-0MONTH-01T00:00:00Z"}
            spec:
              ingressClassName: ours-NAME

            """ + "  " + paths.ReplaceLineEndings("\n  ") + "\n";
        await File.WriteAllTextAsync(Path.Combine(folder, name + ".yaml"), yaml
            .Replace("CERTIFICATE", Base64(certificate), StringComparison.Ordinal)
            .Replace("KEY", Base64(key), StringComparison.Ordinal)
            .Replace("NAME", name, StringComparison.Ordinal)
            .Replace("PORT", $"{stage.PodPort}", StringComparison.Ordinal)
            .Replace("MONTH", $"{month}", StringComparison.Ordinal)
            .Replace("ADDRESS", $"{pod.Place.Address}", StringComparison.Ordinal));
    }
}
