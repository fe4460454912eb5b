using IngressReconciler.Tests.Harness;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>A pod that comes, drains and goes is followed on both proxies.</summary>
internal static class PodChecks
{
    private const string Url = "http://shop.localhost/";

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var shop = landscape.Shop;
        var before = shop.Slices["shop/web"].Pods;
        var pod = await shop.StartPodAsync("shop", "web-4");

        await list.RunAsync("a new pod gets requests from both proxies", async () =>
        {
            await shop.WriteSliceAsync("shop", "web", [.. before, new(pod)]);
            var took = new List<string>();
            foreach (var proxy in landscape.Proxies)
            {
                using var visitor = landscape.VisitorOf(proxy);
                took.Add(Screen.Milliseconds(await Waiting.UntilAsync(async () => (await visitor.GetAsync(Url)).Echo?.Pod == pod.Name, $"{proxy.Address.Name} sends a request to {pod.Name}")));
            }

            return $"{pod.Name} answered after {string.Join(" and ", took)}";
        });

        await list.RunAsync("a terminating pod gets no new request, and finishes those it has", async () =>
        {
            // Four at once on each proxy: one of them is with the new pod. None is answered until all is seen that there is to see.
            var visitors = landscape.Proxies.Select(proxy => landscape.VisitorOf(proxy)).ToArray();
            EchoPod[] all = [.. before.Select(one => one.Pod), pod];
            var running = visitors.SelectMany(visitor => Enumerable.Range(0, 4).Select(_ => visitor.GetAsync(Url + "?hold"))).ToArray();
            await Waiting.UntilAsync(() => Task.FromResult(all.Sum(one => one.Held) == running.Length), "every request is with a pod");
            var own = pod.Held;
            await shop.WriteSliceAsync("shop", "web", [.. before, new(pod, Draining: true)]);
            await Agreement.AwaitAsync(landscape);
            foreach (var visitor in visitors)
            {
                for (var i = 0; i < 20; i++)
                    Require((await visitor.GetAsync(Url)).Echo is { } echo && echo.Pod != pod.Name, $"request {i} went to {pod.Name}");
            }

            foreach (var one in all)
                one.Release();
            var finished = await Task.WhenAll(running);
            foreach (var visitor in visitors)
                visitor.Dispose();
            var isRight = own > 0
                && finished.All(reply => reply.Status == 200)
                && finished.Count(reply => reply.Echo?.Pod == pod.Name) == own;
            Require(isRight, $"{own} were with {pod.Name}; {string.Join(", ", finished.Select(reply => $"{reply}"))}");
            return $"draining on both; 40 new requests went elsewhere; {own} running requests of {pod.Name} finished";
        });

        await list.RunAsync("a pod that is gone is deleted from both proxies", async () =>
        {
            await shop.WriteSliceAsync("shop", "web", before);
            await Agreement.AwaitAsync(landscape);
            await pod.DisposeAsync();
            foreach (var proxy in landscape.Proxies)
                Require(!(await ProxyView.ReadAsync(proxy)).Texts.Contains(pod.Name, StringComparison.Ordinal), $"{proxy.Address.Name} still has it");
            return $"show servers state knows no {pod.Name}";
        });
    }
}
