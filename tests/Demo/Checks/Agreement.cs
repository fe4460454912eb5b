using System.Collections.Immutable;

namespace IngressReconciler.Demo.Checks;

/// <summary>Both proxies run what the manifests say, all of it and nothing else: the state that a fresh list of the cluster would lead to.</summary>
internal static class Agreement
{
    /// <summary>Waits for it.</summary>
    /// <exception cref="CheckFailedException">It did not come; the message has the difference.</exception>
    public static async Task<string> AwaitAsync(Landscape landscape)
    {
        var (servers, routes) = (landscape.Shop.Servers, landscape.Shop.Routes);
        var took = await Waiting.UntilAsync(() => DifferenceAsync(landscape, servers, routes), "both proxies agree");
        return $"{servers.Count} servers and {routes.Count} routes on both proxies, as the manifests say; after {took.TotalSeconds:0.0} s";
    }

    private static async Task<string?> DifferenceAsync(
        Landscape landscape, ImmutableSortedSet<string> servers, ImmutableSortedDictionary<string, string> routes)
    {
        foreach (var proxy in landscape.Proxies)
        {
            var view = await ProxyView.ReadAsync(proxy);
            string[] differences =
            [
                .. servers.Except(view.Servers).Select(one => $"no server {one}"),
                .. view.Servers.Except(servers).Select(one => $"server {one} too much"),
                .. routes.Except(view.Routes).Select(one => $"no route {one.Key} → {one.Value}"),
                .. view.Routes.Except(routes).Select(one => $"route {one.Key} → {one.Value} too much"),
            ];
            if (differences.Length > 0)
                return $"{proxy.Address.Name}: {string.Join("; ", differences)}";
        }

        return null;
    }
}
