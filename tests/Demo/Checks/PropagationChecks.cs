using System.Diagnostics;
using System.Globalization;
using IngressReconciler.Tests.Harness;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>
/// How long it takes until each proxy serves from a new pod: a Service's only pod is replaced, and each proxy is asked, straight and on its own
/// connection, until the new pod answers. Counted from the event at the webhook, and from the manifest's write, which adds the watching of the folder.
/// </summary>
internal static class PropagationChecks
{
    private const int Changes = 200;
    private const int WarmUp = 20;
    private const int Pods = 20;
    private const string Namespace = "lab";
    private const string Service = "churn";

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var shop = landscape.Shop;
        var pods = new List<EchoPod>();
        for (var i = 1; i <= Pods; i++)
            pods.Add(await shop.StartPodAsync(Namespace, string.Create(CultureInfo.InvariantCulture, $"churn-{i}")));
        await shop.AddAsync("churn.yaml");
        shop.MoreRoutes["ingress|churn.localhost/"] = "http:lab:churn:80";
        var rows = new List<string[]>();

        async Task MeasureAsync(string from, Func<EchoPod, Task> change)
        {
            await list.RunAsync($"{Changes} times a pod is replaced ({from}), and no request fails on the way", async () =>
            {
                var times = await TimesAsync(landscape, pods, change);
                rows.Add([from, .. new[] { 0.5, 0.9, 0.99, 1 }.Select(part => Screen.Milliseconds(times[(int)Math.Ceiling(part * times.Length) - 1]))]);
                return $"p50 {rows[^1][1]}, p99 {rows[^1][3]} until both proxies serve from the new pod";
            });
        }

        await shop.WriteSliceAsync(Namespace, Service, [new(pods[^1])]);
        await Agreement.AwaitAsync(landscape);
        await MeasureAsync("from the event at the webhook", pod => landscape.Local.PostAsync(shop.Set(Namespace, Service, [new(pod)])));
        await shop.WriteSliceAsync(Namespace, Service, [new(pods[^1])]);
        await Agreement.AwaitAsync(landscape);
        await MeasureAsync("from the manifest's write", pod => shop.WriteSliceAsync(Namespace, Service, [new(pod)]));
        Screen.Table(["one endpoint replaced → both proxies serve it", "p50", "p90", "p99", "most"], rows);
        await list.RunAsync("after all of that both proxies agree with the manifests", () => Agreement.AwaitAsync(landscape));
    }

    private static async Task<TimeSpan[]> TimesAsync(Landscape landscape, List<EchoPod> pods, Func<EchoPod, Task> change)
    {
        var visitors = landscape.Proxies.Select(proxy => landscape.VisitorOf(proxy, keepAlive: true)).ToArray();
        var times = new List<TimeSpan>();
        for (var i = 0; i < WarmUp + Changes; i++)
        {
            var pod = pods[i % pods.Count];
            var started = Stopwatch.GetTimestamp();
            var changing = change(pod);
            var served = await Task.WhenAll(visitors.Select(visitor => ServedAsync(visitor, pod, started)));
            await changing;
            if (i >= WarmUp)
                times.Add(served.Max());
        }

        foreach (var visitor in visitors)
            visitor.Dispose();
        times.Sort();
        return [.. times];
    }

    /// <summary>Asks until the pod answers; another pod's answer is as good as any, but no answer is not.</summary>
    private static async Task<TimeSpan> ServedAsync(Client visitor, EchoPod pod, long started)
    {
        while (true)
        {
            var reply = await visitor.GetAsync("http://churn.localhost/");
            var passed = Stopwatch.GetElapsedTime(started);
            if (reply.Echo?.Pod == pod.Name)
                return passed;
            Require(reply.Echo is not null, $"a request on the way to {pod.Name} was answered {reply}");
            Require(passed < Waiting.Longest, $"{pod.Name} did not answer within {Waiting.Longest.TotalSeconds:0} s; {reply} did");
            await Task.Delay(1);
        }
    }
}
