using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>Proxies are the Pods that say so: each gets its full state as soon as it can be reached, and is forgotten with its Pod.</summary>
[Collection(nameof(Scenarios))]
public sealed class DiscoveryTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_proxy_is_pushed_to_when_its_Pod_has_an_address_and_forgotten_when_the_Pod_is_gone()
    {
        var live = await StartAsync();
        await live.HostAsync("first");
        Assert.Empty(live.Reconciler.Proxies);

        // No address yet, then the address; the second one's admin port is the node's.
        Apply(live, "p1", "status: { phase: Pending }");
        Apply(live, "p1", "status: { phase: Running, podIP: 127.0.0.1, hostIP: 10.9.9.9 }");
        Apply(live, "p2", "status: { phase: Running, podIP: 10.9.9.9, hostIP: 127.0.0.1 }", hostPort: true);
        await live.ConvergedAsync();
        await stage.ServedAsync("first.example", "first");
        Assert.Equal(["p1", "p2"], live.Reconciler.Proxies.Select(proxy => proxy.Name));
        await Stage.UntilAsync(async () => (await stage.StorageOf().Proxies.ReadAllAsync(default)).Count == 2 ? "" : "both reports are not written");

        // A proxy that is starting gets everything as soon as its port answers.
        await stage.Proxies[0].KillAsync();
        await live.HostAsync("second");
        await stage.Proxies[0].StartAsync();
        await live.ConvergedAsync();
        await stage.ServedAsync("second.example", "second");

        // Terminating, it still serves, and still is pushed to; gone, it is forgotten.
        live.Api.Delete("pods", "ingress-reconciler", "p2", gracePeriodSeconds: 30);
        await live.HostAsync("third");
        await live.ConvergedAsync();
        await stage.ServedAsync("third.example", "third");
        live.Api.Delete("pods", "ingress-reconciler", "p2");
        await Stage.UntilAsync("p2 is forgotten", () => live.Reconciler.Proxies.Select(proxy => proxy.Name).SequenceEqual(["p1"]));
        await Stage.UntilAsync(async () => (await stage.StorageOf().Proxies.ReadAllAsync(default)).Keys.SequenceEqual(["p1"]) ? "" : "the report of p2 is still there");
        await live.HostAsync("fourth");
        await Stage.UntilAsync(async () => (await stage.GetAsync(stage.Proxies[0], "fourth.example")).Status == 200 ? "" : "p1 does not serve the fourth host");
        Assert.Equal(404, (await stage.GetAsync(stage.Proxies[1], "fourth.example")).Status);
    }

    [Fact]
    public async Task A_cold_start_knows_the_proxies_and_forgets_those_that_went_meanwhile()
    {
        var live = await StartAsync();
        await live.HostAsync("first");
        Apply(live, "p1", "status: { phase: Running, podIP: 127.0.0.1 }");
        Apply(live, "p2", "status: { phase: Running, podIP: 127.0.0.1 }");
        await live.ConvergedAsync();
        await live.StopRelayAsync();
        await live.Function.DisposeAsync();

        live.Api.Delete("pods", "ingress-reconciler", "p2");
        live.OpenFunction();
        await Stage.UntilAsync("the one that is there is known, and of the other why it is not", () =>
            live.Reconciler.Proxies.Select(proxy => proxy.Name).SequenceEqual(["p1"]) && live.Reconciler.Disputes.Count == 1);
        Assert.Equal(
            $"Pod ingress-reconciler/p2, it was said, is an ingress proxy at 127.0.0.1:{stage.Proxies[1].Address.AdminPort}, "
            + "but the API server has no such Pod: only that counts, and nothing is sent elsewhere",
            live.Reconciler.Disputes[0].Sentence);
        await Stage.UntilAsync("the journal is put right", () =>
            live.Reconciler.Wanted.Cluster.Find<Cluster.Resources.Pod>(new(ResourceKind.Pod, "ingress-reconciler", "p2")) is null);
        Assert.Equal(0, (await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken)).Missed);
        await Stage.UntilAsync(async () => (await stage.StorageOf().Proxies.ReadAllAsync(default)).Keys.SequenceEqual(["p1"]) ? "" : "the report of p2 is still there");
    }

    private Task<LiveCluster> StartAsync() => LiveCluster.StartAsync(stage, settings => settings with { Proxies = [], Reading = new() { Proxies = ProxyPods.Default } });

    private void Apply(LiveCluster live, string name, string status, bool hostPort = false)
    {
        var port = stage.Proxies[name == "p1" ? 0 : 1].Address.AdminPort;
        live.Api.Apply(string.Create(CultureInfo.InvariantCulture, $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}}, namespace: ingress-reconciler, labels: { app.kubernetes.io/name: ingress-proxy } }
            spec:
              nodeName: node-a
              containers:
                - name: haproxy
                  ports:
                    - { name: http, containerPort: 8080 }
                    - { name: admin, containerPort: {{(hostPort ? 9443 : port)}}{{(hostPort ? $", hostPort: {port}" : "")}} }
            {{status}}
            """));
    }
}
