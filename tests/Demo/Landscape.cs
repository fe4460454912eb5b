using System.Net;
using IngressReconciler.Demo.Checks;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>Everything that the demo runs, from storage to the edge. Disposing of it ends all of it and removes its folder.</summary>
internal sealed class Landscape : IAsyncDisposable
{
    private readonly TestPki pki = new();
    private readonly HttpClient http = new() { Timeout = Waiting.Longest };
    private AzuriteProcess? azurite;
    private LocalHost? local;
    private readonly EdgeProxy edge;

    private Landscape()
    {
        Folder = Directory.CreateTempSubdirectory("ingress-reconciler-demo-").FullName;
        Network = DemoNetwork.Take();
        Shop = new(Network, Path.Combine(Folder, "manifests"));
        Proxies = [NewProxy("proxy-a", 1), NewProxy("proxy-b", 2)];
        edge = new("edge", IPAddress.Loopback, EdgePorts.Free() with { Http = Network.EdgeHttp.Port, Https = Network.EdgeHttps.Port }, pki, Path.Combine(Folder, "edge.log"));
    }

    /// <summary>Holds manifests and logs.</summary>
    public string Folder { get; }

    /// <summary>Who has which address.</summary>
    public DemoNetwork Network { get; }

    /// <summary>The manifests and their pods.</summary>
    public Shop Shop { get; }

    /// <summary>The two ingress proxies.</summary>
    public IReadOnlyList<IngressProxy> Proxies { get; }

    /// <summary>The program.</summary>
    public LocalHost Local => local!;

    /// <summary>Starts everything and says so; returns when both proxies are ready and the edge uses them.</summary>
    public static async Task<Landscape> OpenAsync()
    {
        var landscape = new Landscape();
        try
        {
            await landscape.StartAsync();
            return landscape;
        }
        catch
        {
            await landscape.DisposeAsync();
            throw;
        }
    }

    /// <summary>Status and text of a proxy's health port; 0 when it does not answer.</summary>
    public async Task<(int Status, string Text)> HealthAsync(IngressProxy proxy, string path)
    {
        try
        {
            using var answer = await http.GetAsync($"http://{proxy.Host}:{proxy.Ports.Health}{path}");
            return ((int)answer.StatusCode, (await answer.Content.ReadAsStringAsync()).Trim());
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return (0, e.Message);
        }
    }

    /// <summary>A client that speaks to the edge.</summary>
    public Client Visitor(int number = 1, bool tls = false) => new(Network.Client(number), tls ? Network.EdgeHttps : Network.EdgeHttp);

    /// <summary>A client that speaks to one proxy, past the edge.</summary>
    public Client VisitorOf(IngressProxy proxy, bool keepAlive = false) => new(Network.Client(100), new IPEndPoint(proxy.Host, proxy.Ports.Http), keepAlive);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (local is not null)
            await local.DisposeAsync();
        await edge.DisposeAsync();
        foreach (var proxy in Proxies)
            await proxy.DisposeAsync();
        if (azurite is not null)
            await azurite.DisposeAsync();
        await Shop.DisposeAsync();
        http.Dispose();
        pki.Dispose();
        Network.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartAsync()
    {
        await Screen.StepAsync("HAProxy", async () => $"{await RunningHAProxy.ExecutableAsync()}");
        await Screen.StepAsync("certificates", () => Task.FromResult($"throw-away authority in {pki.Folder}"));
        await Screen.StepAsync("storage", async () =>
        {
            azurite = await AzuriteProcess.StartAsync();
            local = new(Network, Folder, Shop.Folder, azurite.ConnectionString, Proxies, edge);
            return $"Azurite at 127.0.0.1:{azurite.Port}, in memory";
        });
        foreach (var proxy in Proxies)
        {
            await Screen.StepAsync(proxy.Address.Name, async () =>
            {
                await proxy.StartAsync();
                var (status, text) = await HealthAsync(proxy, "/readyz");
                return $"HAProxy at {proxy.Host}, ports {proxy.Ports.Http} {proxy.Ports.Https}, admin {proxy.Ports.Admin}, pid {proxy.Pid}; /readyz {status} {text}";
            });
        }

        await Screen.StepAsync("edge", async () =>
        {
            await edge.StartAsync();
            return $"HAProxy in TCP mode at {Network.EdgeHttp} and {Network.EdgeHttps}, admin {edge.Ports.Admin}, pid {edge.Pid}; leads nowhere yet";
        });
        await Screen.StepAsync("shop", async () =>
        {
            await Shop.OpenAsync(pki.IssueServer("secure.localhost"));
            await Shop.WriteNodesAsync(Proxies);
            return $"{Shop.Slices.Values.Sum(slice => slice.Pods.Count)} echo pods from {Network.Pod(1)} on; manifests in {Shop.Folder}";
        });
        await Screen.StepAsync("reconciler", async () =>
        {
            await Local.StartAsync();
            return $"ingress-reconciler local at {Local.Address}, pid {Local.Pid}; its handler has pid {Local.HandlerPid}";
        });
        await Screen.StepAsync("ready", async () =>
        {
            foreach (var proxy in Proxies)
            {
                await Waiting.UntilAsync(
                    async () => (await HealthAsync(proxy, "/readyz")) is (200, _),
                    $"{proxy.Address.Name} becomes ready; see {Local.Log}");
            }

            using var visitor = Visitor();
            await Waiting.UntilAsync(
                async () => (await visitor.GetAsync("http://shop.localhost/")).Status == 200,
                "the edge lets requests through");
            return $"{(await HealthAsync(Proxies[0], "/readyz")).Text}; {await Agreement.AwaitAsync(this)}";
        });
        await Screen.StepAsync("PROXY", async () =>
        {
            await Local.CutOverAsync("enable");
            return "proxy-protocol enable: the edge tells the ingress proxies who the client is";
        });
    }

    private IngressProxy NewProxy(string name, int number) =>
        new(name, Network.Proxy(number), Network.Ports, pki, Path.Combine(Folder, $"{name}.log"));
}
