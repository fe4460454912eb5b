using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>One tenant's pair that cannot be used costs no other tenant anything, and a restarted proxy becomes ready without it.</summary>
[Collection(nameof(Scenarios))]
public sealed class BadCertificateTests : IAsyncLifetime
{
    private readonly Stage stage = new();
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-manifests-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await stage.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Pairs_that_are_bad_in_eight_ways_are_told_by_Secret_reason_and_remedy_and_all_else_is_served_and_follows()
    {
        var (good, goodKey) = stage.Pki.IssueServer("good.example");
        var (other, otherKey) = stage.Pki.IssueServer("other.example");
        var bad = new Dictionary<string, (string Chain, string Key, string Says)>
        {
            ["rsa-512"] = Rsa(512),
            ["rsa-1024"] = Rsa(1024),
            ["broken-block"] =
                (good + "\n" + other[..^60], goodKey, "block 2 of tls.crt is broken or does not end (-----END …-----); write it anew"),
            ["nul"] = (good.Replace("MII", "M\0I", StringComparison.Ordinal), goodKey, "block 1 of tls.crt is broken"),
            ["foreign-key"] = (good, otherKey, "store the two that belong together"),
            ["encrypted"] = (good, Encrypted(goodKey), "store it without a passphrase"),
            ["two-keys"] = (good, goodKey + "\n" + otherKey, "leave the one that belongs to the certificate"),
            ["no-certificate"] = ("none", goodKey, "tls.crt has no certificate in PEM"),
        };
        await WriteAsync("class.yaml", """
            {apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: ours, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}, spec: {controller: ingressreconciler.dev/ingress-controller}}
            """);
        foreach (var (name, (chain, key, _)) in bad)
            await WriteTenantAsync(name, chain, key);

        // Odd, and good all the same: what does not belong there is left out.
        await WriteTenantAsync("good", good, goodKey);
        await WriteTenantAsync("odd", $"Bag Attributes\n{good}\n{otherKey}\nset ssl cert x <<%END%\n%END%\n", goodKey);
        var clusters = stage.Open(settings => settings with { Manifests = folder });
        var reconciler = clusters.All[stage.ClusterId];
        await clusters.ResyncAsync(Cancelled);

        await AllServedAsync(bad.Keys.Concat(["good", "odd"]));
        foreach (var (name, (_, _, says)) in bad)
        {
            var finding = Assert.Single(reconciler.Findings, finding =>
                finding.Object == new ResourceKey(ResourceKind.Secret, "shop", name));
            Assert.Equal((Severity.Error, RefusalFindings.CertificateNotUsable), (finding.Severity, finding.Reason));
            Assert.Contains(says, finding.Message, StringComparison.Ordinal);
            Assert.Equal("localhost", await ShownAsync(stage.Proxies[0], $"{name}.example"));
            Stage.Say($"{finding.Object}: {finding.Message}");
        }

        Assert.DoesNotContain(reconciler.Findings, finding =>
            finding.Object.Name is "good" or "odd" && finding.Reason == RefusalFindings.CertificateNotUsable);
        Assert.Equal(Serial(good), await ShownAsync(stage.Proxies[0], "good.example"));
        Assert.Equal(Serial(good), await ShownAsync(stage.Proxies[0], "odd.example"));

        // Everybody goes on: a new tenant with a pair of its own comes, and a proxy is restarted.
        await stage.Proxies[0].KillAsync();
        var (late, lateKey) = stage.Pki.IssueServer("late.example");
        await WriteTenantAsync("late", late, lateKey);
        await clusters.ResyncAsync(Cancelled);
        Assert.Equal(Serial(late), await ShownAsync(stage.Proxies[1], "late.example"));
        await stage.Proxies[0].StartAsync();
        await Stage.UntilAsync(async () => await stage.HealthAsync(stage.Proxies[0], "/readyz") == 200 ? "" : "not ready");
        Assert.Equal(Serial(late), await ShownAsync(stage.Proxies[0], "late.example"));
        await AllServedAsync(bad.Keys.Concat(["good", "late"]));

        // A pair that is mended is served with the next list, and one that becomes bad keeps what it had.
        await WriteTenantAsync("rsa-512", good, goodKey);
        await WriteTenantAsync("good", other, goodKey);
        await clusters.ResyncAsync(Cancelled);
        Assert.Equal(Serial(good), await ShownAsync(stage.Proxies[0], "rsa-512.example"));
        Assert.Equal(Serial(good), await ShownAsync(stage.Proxies[0], "good.example"));
        Assert.DoesNotContain(reconciler.Findings, finding =>
            finding.Object.Name == "rsa-512" && finding.Reason == RefusalFindings.CertificateNotUsable);
        Assert.Contains(reconciler.Findings, finding =>
            finding.Object.Name == "good" && finding.Reason == RefusalFindings.CertificateNotUsable);
    }

    private static (string Chain, string Key, string Says) Rsa(int bits)
    {
        using var rsa = RSA.Create(bits);
        using var certificate = new CertificateRequest("CN=small.example", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return (
            certificate.ExportCertificatePem() + "\n",
            rsa.ExportPkcs8PrivateKeyPem() + "\n",
            $"an RSA key of {bits} bits, and 2048 are the fewest that are safe; issue it anew");
    }

    private static string Encrypted(string key)
    {
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(key);
        return ecdsa.ExportEncryptedPkcs8PrivateKeyPem("pass", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
    }

    private static string Serial(string certificate)
    {
        using var read = X509Certificate2.CreateFromPem(certificate);
        return read.SerialNumber;
    }

    private static async Task<string> ShownAsync(IngressProxy proxy, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", proxy.Ports.Https, Cancelled);
#pragma warning disable CA5359 // Which certificate is shown is what is asked.
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(host);
        using var certificate = X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
        return certificate.MatchesHostname("localhost")
            && !certificate.MatchesHostname("good.example")
            && !certificate.MatchesHostname("late.example")
            && !certificate.MatchesHostname("other.example")
                ? "localhost"
                : certificate.SerialNumber;
    }

    private async Task AllServedAsync(IEnumerable<string> names)
    {
        foreach (var name in names)
            await stage.ServedAsync($"{name}.example", name);
    }

    private async Task WriteTenantAsync(string name, string chain, string key)
    {
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var place = Path.Combine(folder, name + ".yaml");
        var before = File.Exists(place) ? (await File.ReadAllTextAsync(place, Cancelled)).Split("---\n", 2)[1] : null;
        before ??= TlsManifests.Of(name, name, (await stage.PodAsync($"{name}-1")).Place.Address, stage.PodPort);
        await WriteAsync(name + ".yaml", $$"""
            apiVersion: v1
            kind: Secret
            type: kubernetes.io/tls
            metadata: {name: {{name}}, namespace: shop}
            data: {tls.crt: {{Base64(chain)}}, tls.key: {{Base64(key)}}}
            ---
            {{before}}
            """);
    }

    private Task WriteAsync(string name, string yaml) => File.WriteAllTextAsync(Path.Combine(folder, name), yaml, Cancelled);
}
