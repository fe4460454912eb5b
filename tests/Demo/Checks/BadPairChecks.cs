using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>
/// Tenants store pairs that cannot be used: it costs nobody else anything, and each is told what is wrong and what to do.
/// </summary>
internal static class BadPairChecks
{
    private const string Manifest = "bad-pairs.yaml";

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var bad = Pairs();
        foreach (var name in bad.Keys)
            landscape.Shop.MoreRoutes[$"ingress|{name}.localhost/"] = "http:shop:web:80";
        var served = $"{bad.Count} Secrets with pairs that cannot be used: their hosts are served, and all others are, "
            + "with their own certificates";
        await list.RunAsync(served, async () =>
        {
            await using var load = new Load(landscape);
            await landscape.Shop.WriteAsync(
                Manifest,
                string.Join("---\n", bad.Select(one => Yaml(one.Key, one.Value.Chain, one.Value.Key))));
            var agreed = await Agreement.AwaitAsync(landscape);
            await ServedAsync(landscape, bad.Keys);
            return $"{agreed}; {await load.EndAsync()}";
        });
        await list.RunAsync("each is named with the reason and what to do in local's output, in status and by doctor", async () =>
        {
            var (status, doctor, log) = ("", "", "");
            await Waiting.UntilAsync(async () =>
            {
                status = await landscape.Local.RunAsync("status", "--cluster", LocalHost.Cluster);
                using var checks = await landscape.Local.DoctorAsync(landscape.Network.EdgeHttp);
                doctor = string.Join('\n', checks.RootElement.EnumerateArray()
                    .Select(check => string.Join(' ', check.EnumerateObject().Select(field => field.Value))));
                log = await File.ReadAllTextAsync(landscape.Local.Log);
                return new[] { ("status", status), ("doctor", doctor), ("local", log) }
                    .SelectMany(place => bad
                        .Where(one => !Names(place.Item2, one.Key, one.Value.Says))
                        .Select(one => $"{place.Item1} does not say of Secret shop/{one.Key}: {one.Value.Says}"))
                    .FirstOrDefault();
            }, "all of them are told");
            return status.ReplaceLineEndings("\n").Split('\n').First(line => line.Contains("1024 bits", StringComparison.Ordinal)).Trim();
        });
        var proxy = landscape.Proxies[1];
        var followed = $"{proxy.Address.Name}, killed with -9 meanwhile, becomes ready without them, and what changes then is followed";
        await list.RunAsync(followed, async () =>
        {
            await using var load = new Load(landscape);
            await load.PauseAsync(proxy.KillAsync);
            await proxy.StartAsync();
            var took = await Waiting.UntilAsync(
                async () => (await landscape.HealthAsync(proxy, "/readyz")).Status == 200,
                $"{proxy.Address.Name} is ready");
            landscape.Shop.Remove(Manifest);
            foreach (var name in bad.Keys)
                landscape.Shop.MoreRoutes.Remove($"ingress|{name}.localhost/");
            var agreed = await Agreement.AwaitAsync(landscape);
            await ServedAsync(landscape, []);
            return $"/readyz 200 {Screen.Milliseconds(took)} after its start; with their manifests gone {agreed}; {await load.EndAsync()}";
        });
    }

    private static bool Names(string text, string secret, string says) =>
        text.Contains($"Secret shop/{secret}", StringComparison.Ordinal) && text.Contains(says, StringComparison.Ordinal);

    private static async Task ServedAsync(Landscape landscape, IEnumerable<string> names)
    {
        using var visitor = landscape.Visitor(tls: true);
        var secure = await visitor.GetAsync("https://secure.localhost/");
        Require(
            secure.Status == 200 && visitor.Certificate == "CN=secure.localhost",
            $"https://secure.localhost/ is answered {secure} with {visitor.Certificate}");
        foreach (var name in names)
        {
            using var plain = landscape.Visitor();
            var reply = await plain.GetAsync($"http://{name}.localhost/");
            Require(reply.Status == 200, $"http://{name}.localhost/ is answered {reply}");
        }
    }

    private static SortedDictionary<string, (string Chain, string Key, string Says)> Pairs()
    {
        var (good, key) = Issue(2048);
        var (_, other) = Issue(2048);
        return new(StringComparer.Ordinal)
        {
            ["rsa-512"] = Issue(512) is var (chain512, key512)
                ? (chain512, key512, "an RSA key of 512 bits, and 2048 are the fewest that are safe; issue it anew")
                : default,
            ["rsa-1024"] = Issue(1024) is var (chain1024, key1024)
                ? (chain1024, key1024, "an RSA key of 1024 bits, and 2048 are the fewest that are safe; issue it anew")
                : default,
            ["broken-block"] = (good + good[..^60], key, "block 2 of tls.crt is broken or does not end (-----END …-----); write it anew"),
            ["nul"] = (good.Replace("MII", "M\0I", StringComparison.Ordinal), key, "block 1 of tls.crt is broken or does not end"),
            ["foreign-key"] = (good, other, "tls.key is not the key of any certificate in tls.crt; store the two that belong together"),
            ["no-key"] = (good, "forgotten", "tls.key has no private key in PEM"),
        };
    }

    private static (string Chain, string Key) Issue(int bits)
    {
        using var rsa = RSA.Create(bits);
        using var certificate = new CertificateRequest("CN=careless", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return (certificate.ExportCertificatePem() + "\n", rsa.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static string Yaml(string name, string chain, string key) => $$"""
        apiVersion: v1
        kind: Secret
        metadata: { name: {{name}}, namespace: shop }
        type: kubernetes.io/tls
        data:
          tls.crt: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(chain))}}
          tls.key: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(key))}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: {{name}}, namespace: shop }
        spec:
          ingressClassName: ingress-reconciler
          tls: [{ hosts: [{{name}}.localhost], secretName: {{name}} }]
          rules:
            - host: {{name}}.localhost
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }

        """;
}
