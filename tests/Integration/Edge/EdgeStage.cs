using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Composition;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Edge;

/// <summary>
/// A cluster with an edge: nodes on loopback addresses of their own, each with an ingress proxy at the ports that the Service calls NodePorts (there is no
/// kube-proxy here), two edge proxies before them, and one host behind.
/// </summary>
internal sealed class EdgeStage : IAsyncLifetime
{
    /// <summary>Where the edge's connections to the nodes come from.</summary>
    public const string EdgeSource = "127.0.0.1";

    private static int stages;
    private readonly byte number = (byte)(Interlocked.Increment(ref stages) % 200);
    private readonly ProxyPorts ports = ProxyPorts.Free();

    /// <param name="nodes">How many there are.</param>
    /// <param name="bootstrap">What the first edge proxy starts with; null for this release's.</param>
    public EdgeStage(int nodes = 2, IReadOnlyList<string>? bootstrap = null)
    {
        var edge = EdgePorts.Free();
        Proxies = [.. Enumerable.Range(1, nodes).Select(i => new IngressProxy($"node-{i}", Node(i), ports, Stage.Pki))];
        Edges = [.. Enumerable.Range(1, 2).Select(i => new EdgeProxy(
            $"edge-{i}", new([127, 41, number, (byte)i]), edge, Stage.Pki, bootstrap: i == 1 ? bootstrap : null))];
    }

    /// <summary>Storage, pods, objects.</summary>
    public Stage Stage { get; } = new();

    /// <summary>An ingress proxy on each node, named as the node.</summary>
    public ImmutableArray<IngressProxy> Proxies { get; }

    /// <summary>The edge proxies.</summary>
    public ImmutableArray<EdgeProxy> Edges { get; }

    public async ValueTask InitializeAsync()
    {
        await Stage.InitializeAsync();
        await Task.WhenAll([.. Proxies.Select(proxy => proxy.StartAsync()), .. Edges.Select(edge => edge.StartAsync())]);
    }

    public async ValueTask DisposeAsync()
    {
        await Stage.DisposeAsync();
        foreach (var proxy in Proxies)
            await proxy.DisposeAsync();
        foreach (var edge in Edges)
            await edge.DisposeAsync();
    }

    /// <summary>An instance of ours, begun.</summary>
    public Clusters Open(Func<RoutingOptions, RoutingOptions>? change = null, TimeProvider? time = null, Func<StorageOptions, StorageOptions>? storage = null,
        string? manifests = null)
    {
        var routing = new RoutingOptions { AllowLoopbackEndpoints = true, Edge = new(EdgeShape.Proxies, [EdgeSource + "/32"]), ProxyService = new(Cluster.ResourceKind.Service, "shop", "ingress-proxy") };
        ImmutableArray<ConfirmedProxy> all = [.. Proxies.Select(proxy => proxy.Address), .. Edges.Select(edge => edge.Address)];
        return Stage.Open(cluster => cluster with { Manifests = manifests, Proxies = all, Routing = change?.Invoke(routing) ?? routing, EdgeProbePorts = new(Edges[0].Ports.ProbeHttp, Edges[0].Ports.ProbeHttps) }, storage, time: time);
    }

    /// <summary>The nodes, the proxies' Service, its slice, and a host <c>first.example</c> with one pod.</summary>
    public async Task<JsonElement[]> ObjectsAsync() =>
        [.. Proxies.Select((_, i) => Stage.Objects.Applied(NodeObject(i + 1))), Stage.Objects.Applied(Service()), Stage.Objects.Applied(Slice()), .. await Stage.HostAsync("first")];

    /// <summary>The Service of the proxies.</summary>
    public JsonObject Service(string policy = "Local") => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = Metadata("ingress-proxy"),
        ["spec"] = new JsonObject
        {
            ["type"] = "NodePort",
            ["externalTrafficPolicy"] = policy,
            ["ports"] = new JsonArray(
                Port("http", 80, ports.Http), Port("https", 443, ports.Https), Port("http-proxy", 8081, ports.HttpProxy), Port("https-proxy", 8444, ports.HttpsProxy)),
        },
    };

    /// <summary>Where the proxies' pods are: on every node, in the state that is given for it.</summary>
    public JsonObject Slice(params (int Node, string Conditions)[] other) => new()
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = Metadata("ingress-proxy-1", new() { ["kubernetes.io/service-name"] = "ingress-proxy" }),
        ["addressType"] = "IPv4",
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 8080 }),
        ["endpoints"] = new JsonArray([.. Enumerable.Range(1, Proxies.Length).Where(i => other.All(one => one.Node != i || one.Conditions.Length > 0)).Select(i => new JsonObject
        {
            ["addresses"] = new JsonArray($"10.9.0.{i}"),
            ["nodeName"] = $"node-{i}",
            ["conditions"] = other.FirstOrDefault(one => one.Node == i).Conditions is { } state ? JsonNode.Parse(state) : new JsonObject { ["ready"] = true },
        })]),
    };

    /// <summary>A node.</summary>
    public JsonObject NodeObject(int i, bool cordoned = false) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = $"node-{i}", ["uid"] = $"node-{i}", ["resourceVersion"] = Stage.Objects.NextVersion() },
        ["spec"] = new JsonObject { ["unschedulable"] = cordoned },
        ["status"] = new JsonObject { ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = Node(i).ToString() }) },
    };

    /// <summary>Clients' address.</summary>
    public IPAddress Client(int i) => new([127, 42, number, (byte)(1 + i)]);

    /// <summary>Where clients reach an edge proxy.</summary>
    public IPEndPoint EdgeHttp(int i = 0) => new(Edges[i].Host, Edges[i].Ports.Http);

    private IPAddress Node(int i) => new([127, 40, number, (byte)i]);

    private JsonObject Metadata(string name, JsonObject? labels = null) => new()
    {
        ["name"] = name,
        ["namespace"] = "shop",
        ["uid"] = name,
        ["resourceVersion"] = Stage.Objects.NextVersion(),
        ["labels"] = labels,
    };

    private static JsonObject Port(string name, int port, int nodePort) => new() { ["name"] = name, ["port"] = port, ["nodePort"] = nodePort };
}
