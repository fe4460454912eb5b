using System.Net;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>Each host and path of the shop reaches the right pods, and reaches them directly.</summary>
internal static class RoutingChecks
{
    private static readonly (string Url, string Service)[] Reached =
    [
        ("http://shop.localhost/", "shop/web"),
        ("http://shop.localhost/anything/else", "shop/web"),
        ("http://shop.localhost/cart", "shop/cart"),
        ("http://shop.localhost/cart/7", "shop/cart"),
        ("http://shop.localhost/cartoon", "shop/web"),
        ("http://shop.localhost/status", "shop/api"),
        ("http://shop.localhost/status/more", "shop/web"),
        ("http://api.localhost/v1/items", "shop/api"),
        ("http://secure.localhost/", "shop/web"),
        ("https://secure.localhost/", "shop/web"),
        ("https://shop.localhost/cart", "shop/cart"),
        ("http://alice.blog.localhost/", "blog/blog"),
    ];

    private static readonly (string Url, int Status, string Why)[] NotReached =
    [
        ("http://nowhere.localhost/", 404, "no rule has the host"),
        ("http://api.localhost/v2", 404, "no rule of the host has the path"),
        ("http://a.b.blog.localhost/", 404, "a wildcard stands for one label"),
        ("http://shop.localhost/soon", 503, "the Service has no endpoints"),
    ];

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        foreach (var (url, service) in Reached)
            await list.RunAsync($"{url} reaches {service}", () => ReachesAsync(landscape, url, service));
        foreach (var (url, status, why) in NotReached)
        {
            await list.RunAsync($"{url} answers {status}, for {why}", async () =>
            {
                using var visitor = landscape.Visitor();
                var reply = await visitor.GetAsync(url);
                Require(reply.Status == status, $"{reply}");
                return $"{reply}";
            });
        }

        await list.RunAsync("TLS shows the certificate of the host's Secret, and over it HTTP/2 works", () => CertificateAsync(landscape));
        await list.RunAsync("a default backend catches what no rule does, as long as it is there", () => DefaultBackendAsync(landscape));
        await list.RunAsync("the proxies' servers are the pods of the EndpointSlices", () => Agreement.AwaitAsync(landscape));
        await list.RunAsync("no ClusterIP anywhere on a proxy", () => NoClusterIpAsync(landscape));
    }

    /// <summary>Asks until every pod of the Service has answered; none of another Service may.</summary>
    private static async Task<string> ReachesAsync(Landscape landscape, string url, string service)
    {
        var pods = landscape.Shop.Slices[service].Pods.Select(one => one.Pod.Name).ToHashSet();
        using var visitor = landscape.Visitor(tls: url.StartsWith("https", StringComparison.Ordinal));
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var asked = 0; asked < 50 && !seen.SetEquals(pods); asked++)
        {
            var reply = await visitor.GetAsync(url);
            Require(reply.Echo is { } echo && $"{echo.Namespace}/{echo.Pod}".StartsWith(service + "-", StringComparison.Ordinal), $"{reply}");
            seen.Add(reply.Echo!.Pod);
        }

        Require(seen.SetEquals(pods), $"only {string.Join(", ", seen)} of {string.Join(", ", pods)} answered");
        return string.Join(", ", seen);
    }

    private static async Task<string> CertificateAsync(Landscape landscape)
    {
        using var visitor = landscape.Visitor(tls: true);
        var reply = await visitor.GetAsync("https://secure.localhost/", HttpVersion.Version20);
        Require(reply is { Status: 200 } && reply.Protocol == HttpVersion.Version20, $"{reply}, HTTP {reply.Protocol}");
        var own = visitor.Certificate;
        using var other = landscape.Visitor(tls: true);
        await other.GetAsync("https://shop.localhost/");
        var common = other.Certificate;
        Require(own == "CN=secure.localhost" && common == "CN=localhost", $"{own}; for another host {common}");
        return $"{own} over HTTP/{reply.Protocol}; another host gets the default {common}";
    }

    private static async Task<string> DefaultBackendAsync(Landscape landscape)
    {
        using var visitor = landscape.Visitor();
        async Task<Reply> UntilAsync(int status)
        {
            Reply? reply = null;
            await Waiting.UntilAsync(async () => (reply = await visitor.GetAsync("http://nowhere.localhost/")).Status == status, $"the answer is {status}");
            return reply!;
        }

        await landscape.Shop.AddAsync("default-backend.yaml");
        var there = await UntilAsync(200);
        landscape.Shop.Remove("default-backend.yaml");
        var gone = await UntilAsync(404);
        Require(there.Echo?.Pod == "welcome-1", $"{there}");
        return $"{there}; without it {gone}";
    }

    private static async Task<string> NoClusterIpAsync(Landscape landscape)
    {
        var addresses = new HashSet<string>();
        foreach (var proxy in landscape.Proxies)
        {
            var view = await ProxyView.ReadAsync(proxy);
            Require(!view.Texts.Contains("10.96.", StringComparison.Ordinal), $"{proxy.Address.Name} has one:\n{view.Texts}");
            addresses.UnionWith(view.Servers.Select(server => server.Split(' ')[1]));
        }

        return $"show servers state has {string.Join(", ", addresses)}";
    }
}
