using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>
/// A neighbour asks for a path, the certificate and all that is left of the shop's hosts: the shop is served as before, and both are told.
/// </summary>
internal static class HostOwnershipChecks
{
    private const string Manifest = "thief.yaml";

    private static readonly (string Url, string Answer, string Certificate)[] Asked =
    [
        ("https://shop.localhost/", "shop/web", "CN=localhost"),
        ("https://shop.localhost/login", "shop/web", "CN=localhost"),
        ("https://shop.localhost/.well-known/acme-challenge/t", "shop/web", "CN=localhost"),
        ("https://secure.localhost/", "shop/web", "CN=secure.localhost"),
        ("https://api.localhost/login", "404 no route", "CN=localhost"),
        ("https://free.localhost/", "thief/loot", "CN=thief"),
    ];

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var more = landscape.Shop.MoreRoutes;
        const string Served = "a neighbour asks for paths, certificate and the rest of the shop's hosts; they are served as before";
        await list.RunAsync(Served, async () =>
        {
            await landscape.Shop.WriteSliceAsync("thief", "loot", [new(await landscape.Shop.StartPodAsync("thief", "loot-1"))]);
            await using var load = new Load(landscape);
            more["ingress|*.localhost/"] = more["ingress|/"] = "http:thief:loot:80";
            await landscape.Shop.WriteAsync(Manifest, Yaml());
            var agreed = await Agreement.AwaitAsync(landscape);
            foreach (var (url, answer, certificate) in Asked)
            {
                using var visitor = landscape.Visitor(tls: true);
                var reply = await visitor.GetAsync(url);
                var answered = reply.Echo is { } echo ? $"{echo.Namespace}/{echo.Pod}" : $"{reply}";
                Require(
                    answered.StartsWith(answer, StringComparison.Ordinal) && visitor.Certificate == certificate,
                    $"{url} is answered {reply} with {visitor.Certificate}");
            }

            return $"its own hosts are served; {agreed}; {await load.EndAsync()}";
        });
        const string Told = "the neighbour is told what it may not have, the shop that somebody asks for it, and neither the other's name";
        await list.RunAsync(Told, async () =>
        {
            var status = "";
            await Waiting.UntilAsync(
                async () =>
                {
                    status = await landscape.Local.RunAsync("status", "--cluster", LocalHost.Cluster);
                    return Lines(status, "HostOwned").Length >= 2 && Lines(status, "HostAskedForByOthers").Length >= 1;
                },
                "both are told");
            Require(
                Lines(status, "HostOwned").All(line => !line.Contains("shop/", StringComparison.Ordinal))
                && Lines(status, "HostAskedForByOthers").All(line => !line.Contains("thief", StringComparison.Ordinal)),
                status);
            return Lines(status, "HostOwned")[0].Trim();
        });
        landscape.Shop.Remove(Manifest);
        more.Remove("ingress|*.localhost/");
        more.Remove("ingress|/");
        await list.RunAsync("with the neighbour gone the proxies run what they ran", () => Agreement.AwaitAsync(landscape));
    }

    private static string[] Lines(string status, string reason) =>
        [.. status.ReplaceLineEndings("\n").Split('\n').Where(line => line.Contains(reason, StringComparison.Ordinal))];

    private static string Yaml()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=thief", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return $$"""
            apiVersion: v1
            kind: Secret
            metadata: { name: loot, namespace: thief }
            type: kubernetes.io/tls
            data:
              tls.crt: {{Base64(certificate.ExportCertificatePem())}}
              tls.key: {{Base64(key.ExportPkcs8PrivateKeyPem())}}
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: loot, namespace: thief }
            spec: { ports: [{ name: http, port: 80, targetPort: 8080 }] }
            ---
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: { name: loot, namespace: thief }
            spec:
              tls: [{ hosts: [shop.localhost, secure.localhost, "*.localhost"], secretName: loot }]
              rules:
                - host: shop.localhost
                  http: { paths: [{{Path("/login")}}, {{Path("/.well-known/acme-challenge")}}] }
                - host: "*.localhost"
                  http: { paths: [{{Path("/")}}] }
                - http: { paths: [{{Path("/")}}] }

            """;

        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text + "\n"));

        static string Path(string path) =>
            $"{{ path: {path}, pathType: Prefix, backend: {{ service: {{ name: loot, port: {{ number: 80 }} }} }} }}";
    }
}
