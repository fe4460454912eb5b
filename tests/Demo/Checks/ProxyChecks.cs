using IngressReconciler.Tests.Harness;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>A proxy that dies comes back empty, says so, and serves again only after it was pushed to.</summary>
internal static class ProxyChecks
{
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var proxy = landscape.Proxies[1];
        await list.RunAsync($"{proxy.Address.Name}, killed with -9 and started again while nobody can push to it, stays not ready", async () =>
        {
            await using var load = new Load(landscape);
            await landscape.Local.KillAsync();
            await load.PauseAsync(proxy.KillAsync);
            await Task.Delay(Watched);
            await proxy.StartAsync();
            var until = DateTime.UtcNow + Watched;
            while (DateTime.UtcNow < until)
            {
                var (status, text) = await landscape.HealthAsync(proxy, "/readyz");
                Require(status == 503, $"/readyz {status} {text}");
                await Task.Delay(10);
            }

            using var visitor = landscape.VisitorOf(proxy);
            var reply = await visitor.GetAsync("http://shop.localhost/");
            Require(reply.Status == 503, $"a request was answered {reply}");
            return $"/readyz 503 for {Watched.TotalSeconds:0} s, /livez {(await landscape.HealthAsync(proxy, "/livez")).Status}, requests {reply}; through the edge {await load.EndAsync()}";
        });
        await list.RunAsync("it is ready once the reconciler is back and has pushed to it, and then serves all", async () =>
        {
            await landscape.Local.StartAsync();
            return $"ready after {Screen.Milliseconds(await ReadyAsync(landscape, proxy))} of the reconciler's life; {await Agreement.AwaitAsync(landscape)}";
        });
        await list.RunAsync("the same with a reconciler that lives: ready again at once, and no request through the edge fails", async () =>
        {
            await using var load = new Load(landscape);
            await load.PauseAsync(proxy.KillAsync);
            await Task.Delay(Watched);
            await proxy.StartAsync();
            var took = await ReadyAsync(landscape, proxy);
            var agreed = await Agreement.AwaitAsync(landscape);
            return $"/readyz 200 {Screen.Milliseconds(took)} after its start; {agreed}; {await load.EndAsync()}";
        });
    }

    private static Task<TimeSpan> ReadyAsync(Landscape landscape, IngressProxy proxy) =>
        Waiting.UntilAsync(async () => (await landscape.HealthAsync(proxy, "/readyz")).Status == 200, $"{proxy.Address.Name} is ready");
}
