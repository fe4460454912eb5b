using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Composition;
using IngressReconciler.Kubernetes;
using IngressReconciler.Reconciliation;
using IngressReconciler.Settings;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Feedback;

/// <summary>A cluster with an API server of its own on a <see cref="Stage"/>, and an instance that is told of objects one by one, when a test says so.</summary>
internal sealed class ToldCluster : IAsyncDisposable
{
    public static readonly ValueList<LoadBalancerAddress> Edge = [new("192.0.2.7", null), new(null, "edge.example")];

    public const string EdgeStatus = """[{"ip":"192.0.2.7"},{"hostname":"edge.example"}]""";

    private readonly string kubeconfig = Path.GetTempFileName();

    private ToldCluster(Stage stage, KubeApiServer api) => (Stage, Api) = (stage, api);

    public Stage Stage { get; }

    public KubeApiServer Api { get; }

    public Clusters Function { get; set; } = null!;

    public Reconciler Reconciler => Function.All[Stage.ClusterId];

    /// <summary>What was sent to write status.</summary>
    public IReadOnlyList<RecordedRequest> Writes => Api.Requests.Of("patch", "ingresses");

    /// <summary>The Events there are.</summary>
    public IReadOnlyList<JsonObject> Events => Api.GetAll("events.events.k8s.io");

    /// <summary>Starts an API server with our class, and an instance that has read it.</summary>
    /// <param name="stage">Proxies, storage, pods.</param>
    /// <param name="withInstance">Whether there is an instance yet.</param>
    public static async Task<ToldCluster> StartAsync(Stage stage, bool withInstance = true)
    {
        var cluster = stage.Keep(new ToldCluster(stage, await KubeApiServer.StartAsync()));
        cluster.Api.Apply("""
            apiVersion: v1
            kind: Service
            metadata: { name: kubernetes, namespace: default }
            spec: { ports: [{ name: https, port: 443 }] }
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: { name: kubernetes, namespace: default, labels: { kubernetes.io/service-name: kubernetes } }
            addressType: IPv4
            """);
        cluster.Put(stage.Objects.Class());
        cluster.Api.Access.RequireToken("secret");
        cluster.Api.WriteKubeconfig(cluster.kubeconfig);
        if (withInstance)
        {
            cluster.Function = cluster.Open();
            await cluster.Reconciler.AcceptAsync([]);
        }

        return cluster;
    }

    /// <summary>An instance for this cluster, begun.</summary>
    public Clusters Open() => Stage.Open(settings => settings with { Access = ClusterAccess.None with { Kubeconfig = kubeconfig }, Addresses = Edge });

    /// <summary>
    /// Another control plane for this cluster, begun: with the proxies and the storage of another stage, and a class of its own.
    /// </summary>
    public Clusters OpenBeside(Stage other) => other.Open(settings => settings with
    {
        Access = ClusterAccess.None with { Kubeconfig = kubeconfig },
        Addresses = Edge,
        Routing = settings.Routing with { Controllers = ["example.com/second"] },
    });

    /// <summary>By which the API server knows what this environment wrote.</summary>
    public async Task<string> ManagerAsync() =>
        $"ingress-reconciler-{await Stage.StorageOf().Environment.ReadAsync(TestContext.Current.CancellationToken)}";

    /// <summary>A client of the API server.</summary>
    public ApiServer Client() => new(() => k8s.KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));

    /// <summary>An instance for this cluster with other settings, begun.</summary>
    public Clusters Open(Func<ClusterSettings, ClusterSettings> change) =>
        Stage.Open(settings => change(settings with { Access = ClusterAccess.None with { Kubeconfig = kubeconfig }, Addresses = Edge }));

    /// <summary>Waits until both proxies run all that the instance was told.</summary>
    public Task RunsAsync() => Stage.UntilAsync(() => Task.FromResult(
        string.Join("; ", Reconciler.Workers.Where(worker => !worker.Runs(Reconciler.Position)).Select(worker => worker.Report))));

    /// <summary>Makes or changes an object, and tells nobody.</summary>
    public JsonObject Put(JsonObject one)
    {
        var content = (JsonObject)one.DeepClone();
        foreach (var field in (string[])["resourceVersion", "uid", "creationTimestamp"])
            ((JsonObject)content["metadata"]!).Remove(field);
        return Api.Apply(content);
    }

    /// <summary>Makes or changes an object, and tells the instance.</summary>
    public Task ApplyAsync(params JsonObject[] all) => TellAsync([.. all.Select(Put)]);

    /// <summary>Deletes an Ingress, and tells the instance.</summary>
    public Task DeleteAsync(string name, string ns = "shop") =>
        Function.AcceptAsync([Event(ClusterEvent.DeletedType, Api.Delete("ingresses", ns, name))]);

    /// <summary>Tells the instance of objects.</summary>
    public Task TellAsync(params JsonObject[] all) => Function.AcceptAsync(all.Select(one => Event(ClusterEvent.AppliedType, one)));

    /// <summary>Tells it of an Ingress as the API server has it now.</summary>
    public Task TellAsync(string ingress) => TellAsync(Ingress(ingress)!);

    /// <summary>Changes something about an Ingress that is no matter for routing, and tells it.</summary>
    public Task TouchAsync(string ingress)
    {
        var one = Ingress(ingress)!;
        ((JsonObject)one["metadata"]!)["annotations"] = new JsonObject { ["touched"] = $"{Api.Revision}" };
        return TellAsync(Api.Apply(one));
    }

    /// <summary>Service, slice and Ingress of a host whose one pod runs; the objects of which nobody was told yet.</summary>
    public async Task<JsonObject[]> HostAsync(string name)
    {
        var pod = await Stage.PodAsync(name + "-1");
        return
        [
            Put(Stage.Objects.Service(name)),
            Put(Stage.Objects.Slice(name, Stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready"))),
            Put(Stage.Objects.Ingress(name, ($"{name}.example", "/", name))),
        ];
    }

    public JsonObject? Ingress(string name) => Api.Get("ingresses", "shop", name);

    /// <summary>What an Ingress says, as JSON; empty for nothing.</summary>
    public string StatusOf(string ingress) => Ingress(ingress)?["status"]?["loadBalancer"]?["ingress"]?.ToJsonString() ?? "";

    /// <summary>Waits until an Ingress says that.</summary>
    public Task SaysAsync(string ingress, string status = EdgeStatus) => Stage.UntilAsync(() => Task.FromResult(
        StatusOf(ingress) == status ? "" : $"{ingress} says '{StatusOf(ingress)}'; {string.Join("; ", Reconciler.WriteFailures)}; {string.Join("; ", Writes)}"));

    /// <summary>The entries of an Ingress's managed fields that are of one manager.</summary>
    public JsonObject[] FieldsOf(string ingress, string manager) =>
        [.. (Ingress(ingress)!["metadata"]!["managedFields"] as JsonArray ?? []).Select(one => (JsonObject)one!).Where(one => (string?)one["manager"] == manager)];

    /// <summary>Writes as somebody else does: by server-side apply.</summary>
    public async Task ApplyAsAsync(string manager, string path, string yaml)
    {
        using var http = Api.CreateClient();
        using var content = new StringContent(yaml, Encoding.UTF8, "application/apply-patch+yaml");
        using var answer = await http.PatchAsync(new Uri($"apis/networking.k8s.io/v1/namespaces/shop/ingresses/{path}?fieldManager={manager}&force=true", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>An Ingress of ours of which the instance has something to tell, whatever proxies do; and waits until it has.</summary>
    public async Task ToldOfAsync(string name)
    {
        await ApplyAsync(Stage.Objects.Ingress(name, ($"{name}.example", "/", "no-such-service")));
        await Stage.UntilAsync($"an Event about {name}", () => Events.Any(one => (string?)one["regarding"]!["name"] == name));
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        File.Delete(kubeconfig);
    }

    private JsonElement Event(string type, JsonObject one) =>
        JsonElement.Parse(ObjectEvents.Write(type, Stage.ClusterId, ObjectTrimming.Trim(one)!, DateTimeOffset.UnixEpoch));
}
