using System.Globalization;

namespace IngressReconciler.Demo.Checks;

/// <summary>The reconciler is killed with -9 in the middle of changes. In the end both proxies run what a fresh list of the manifests says.</summary>
internal static class ReconcilerChecks
{
    private const int Changes = 40;
    private const string BurstFile = "burst.yaml";

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        await list.RunAsync($"the handler is killed with -9 twice during {Changes} changes", async () =>
        {
            var killed = new List<int>();
            await using var load = new Load(landscape);
            await ChangeAsync(landscape, 0, Changes, async i =>
            {
                if (i is 13 or 29)
                    killed.Add(await landscape.Local.KillHandlerAsync());
            });
            var agreed = await Agreement.AwaitAsync(landscape);
            await landscape.Local.HandlerAnswersAsync();
            return $"killed {string.Join(" and ", killed)}; {agreed}; {await load.EndAsync()}";
        });
        await list.RunAsync($"the whole of local is killed with -9 during {Changes} changes, some made while it is away", async () =>
        {
            await using var load = new Load(landscape);
            var pid = landscape.Local.Pid;
            await ChangeAsync(landscape, Changes, Changes, async i =>
            {
                if (i == Changes + 15)
                    await landscape.Local.KillAsync();
                if (i == Changes + 28)
                    await landscape.Local.StartAsync();
            });
            var agreed = await Agreement.AwaitAsync(landscape);
            return $"killed {pid}; {agreed}; {await load.EndAsync()}";
        });
        await list.RunAsync("what was added is taken away again", async () =>
        {
            landscape.Shop.Remove(BurstFile);
            landscape.Shop.MoreRoutes.Clear();
            return await Agreement.AwaitAsync(landscape);
        });
    }

    /// <summary>Pods of three Services come, drain and go; every fourth time a host moves.</summary>
    private static async Task ChangeAsync(Landscape landscape, int from, int count, Func<int, Task> meanwhile)
    {
        var shop = landscape.Shop;
        var all = new Dictionary<string, SlicePod[]>();
        foreach (var service in new[] { "web", "cart", "api" })
            all[service] = [.. shop.Slices[$"shop/{service}"].Pods.Select(one => one with { Draining = false })];
        for (var i = from; i < from + count; i++)
        {
            await meanwhile(i);
            var service = new[] { "web", "cart", "api" }[i % 3];
            var pods = all[service];
            // The first pod stays, the last is in turn ready, draining and gone; the very last changes bring all of them back.
            IReadOnlyList<SlicePod> behind = i >= from + count - 3 ? pods : (i / 3 % 3) switch
            {
                0 => pods,
                1 => [.. pods[..^1], pods[^1] with { Draining = true }],
                _ => pods[..^1],
            };
            await shop.WriteSliceAsync("shop", service, behind);
            if (i % 4 == 0)
                await MoveHostAsync(shop, i);
            await Task.Delay(15);
        }
    }

    private static async Task MoveHostAsync(Shop shop, int number)
    {
        var host = string.Create(CultureInfo.InvariantCulture, $"burst-{number}.localhost");
        await shop.WriteAsync(BurstFile, $$"""
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: { name: burst, namespace: shop }
            spec:
              rules:
                - host: {{host}}
                  http:
                    paths:
                      - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }

            """);
        shop.MoreRoutes.Clear();
        shop.MoreRoutes[$"ingress|{host}/"] = "http:shop:web:80";
    }
}
