using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>What a tenant does with its own host costs no other tenant a request: a pod that leads back to the proxies, and one that hangs.</summary>
internal static class ShareChecks
{
    private const string Manifest = "greedy.yaml";
    private const int Requests = 400;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var back = landscape.Network.Pod(201);
        using var stopping = new CancellationTokenSource();
        using var listener = new TcpListener(back);
        listener.Start();
        var relaying = LeadBackAsync(listener, new(landscape.Proxies[0].Host, landscape.Proxies[0].Ports.Http), stopping.Token);
        var hanging = await landscape.Shop.StartPodAsync("greedy", "hanging-1");
        await landscape.Shop.WriteAsync(Manifest, Yaml("loop", back) + Yaml("hanging", hanging.Place));
        await ServedAsync(landscape, "loop", status => status == 508);
        await ServedAsync(landscape, "hanging", status => status == 200);

        await list.RunAsync("a pod leads its requests back to a proxy: they are cut with 508, and others' do not fail", async () =>
        {
            await using var load = new Load(landscape);
            using var visitor = landscape.Visitor(21);
            var replies = new List<Reply>();
            for (var i = 0; i < 20; i++)
                replies.Add(await visitor.GetAsync("http://loop.localhost/"));
            await Task.Delay(Watched);
            Require(replies.All(reply => reply.Status == 508), string.Join(", ", replies));
            return $"{replies.Count} requests answered 508; {await load.EndAsync()}";
        });

        await list.RunAsync($"{Requests} requests at once to a pod that hangs: they take a share of each proxy, and others' do not fail", async () =>
        {
            await using var load = new Load(landscape);
            var held = await Task.WhenAll(Enumerable.Range(0, Requests).Select(i => HoldAsync(landscape, 22 + i % 8)));
            await Waiting.UntilAsync(() => Task.FromResult(hanging.Held > 0 && held.Count(one => one.Available > 0) + hanging.Held == Requests), "each waits or was answered");
            var (waiting, refused) = (hanging.Held, held.Count(one => one.Available > 0));
            await Task.Delay(Watched);
            Require(refused > 0, $"all {waiting} wait");
            var told = await load.EndAsync();
            hanging.Release();
            foreach (var one in held)
                one.Dispose();
            return $"{waiting} wait at the pod, {refused} were answered at once that these are too many; {told}";
        });

        landscape.Shop.Remove(Manifest);
        await ServedAsync(landscape, "hanging", status => status == 404);
        await stopping.CancelAsync();
        await relaying;
    }

    private static Task<TimeSpan> ServedAsync(Landscape landscape, string name, Func<int, bool> right) => Waiting.UntilAsync(
        async () =>
        {
            foreach (var proxy in landscape.Proxies)
            {
                using var visitor = landscape.VisitorOf(proxy);
                if (!right((await visitor.GetAsync($"http://{name}.localhost/")).Status))
                    return false;
            }

            return true;
        },
        $"{name}.localhost is led where its manifest says");

    private static async Task<Socket> HoldAsync(Landscape landscape, int client)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(landscape.Network.Client(client), 0));
        await socket.ConnectAsync(landscape.Network.EdgeHttp);
        await socket.SendAsync("GET /?hold HTTP/1.1\r\nHost: hanging.localhost\r\n\r\n"u8.ToArray());
        return socket;
    }

    /// <summary>What a pod does that passes all on to the ingress.</summary>
    private static async Task LeadBackAsync(TcpListener listener, IPEndPoint to, CancellationToken cancel)
    {
        try
        {
            while (true)
                _ = RelayAsync(await listener.AcceptTcpClientAsync(cancel), ((IPEndPoint)listener.LocalEndpoint).Address, to, cancel);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static async Task RelayAsync(TcpClient from, IPAddress own, IPEndPoint to, CancellationToken cancel)
    {
        using var one = from;
        using var other = new TcpClient(new IPEndPoint(own, 0)); // not from where the edge is
        try
        {
            await other.ConnectAsync(to, cancel);
            var answers = other.GetStream().CopyToAsync(one.GetStream(), cancel);
            await Task.WhenAny(one.GetStream().CopyToAsync(other.GetStream(), cancel), answers);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
        }
    }

    private static string Yaml(string name, IPEndPoint pod) => string.Create(CultureInfo.InvariantCulture, $$"""
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: {{name}}, namespace: greedy }
        spec: { ports: [{ name: http, port: 80 }] }
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: {{name}}-1, namespace: greedy, labels: { kubernetes.io/service-name: {{name}} } }
        addressType: IPv4
        ports: [{ name: http, port: {{pod.Port}}, protocol: TCP }]
        endpoints: [{ addresses: [{{pod.Address}}], conditions: { ready: true } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: {{name}}, namespace: greedy }
        spec:
          ingressClassName: ingress-reconciler
          rules:
            - host: {{name}}.localhost
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: {{name}}, port: { number: 80 } } } }] }

        """);
}
