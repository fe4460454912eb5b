using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Settings;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Integration.Scenarios;
using IngressReconciler.Workers;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>Two clusters on one function, one of them broken: the other notices nothing.</summary>
[Collection(nameof(Scenarios))]
public sealed class IsolationTests : IAsyncLifetime
{
    private const string Broken = "broken";

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    public static TheoryData<string> Breakages =>
    [
        "kubeconfig is garbage", "kubeconfig is missing", "API server hangs", "API server answers nonsense", "API server refuses everything", "API server lies",
        "proxies are gone", "proxies say nothing", "proxies are something else", "objects are hostile", "events are useless",
    ];

    [Theory]
    [MemberData(nameof(Breakages))]
    public async Task The_other_cluster_notices_nothing(string breakage)
    {
        await using var other = await KubeApiServer.StartAsync();
        var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var kubeconfig = Path.GetTempFileName();
        other.Access.RequireToken("other");
        other.WriteKubeconfig(kubeconfig);
        if (breakage == "kubeconfig is garbage")
            await File.WriteAllTextAsync(kubeconfig, "apiVersion: v1\nkind: [", TestContext.Current.CancellationToken);
        else if (breakage == "kubeconfig is missing")
            File.Delete(kubeconfig);
        Break(other, breakage);
        var settings = new ClusterSettings(
            Broken,
            [ProxyConfirmation.OfSetting($"b1=127.0.0.1:{Port(breakage, silent)}")],
            null,
            ClusterAccess.None with { Kubeconfig = kubeconfig },
            new() { Proxies = ProxyPods.Default },
            new() { AllowLoopbackEndpoints = true });
        var live = await LiveCluster.StartBesideAsync(stage, settings);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        // Events of both come in one batch, and both are resynced at once.
        var objects = new Objects(Broken);
        var ours = stage.Objects.Ingress("second", ("second.example", "/", "first"));
        live.Apply(ours);
        ours["metadata"]!["resourceVersion"] = live.Api.Get("ingresses", "shop", "second")!["metadata"]!["resourceVersion"]!.ToString();
        var mixed = live.Function.AcceptAsync([.. Useless(objects, breakage), stage.Objects.Applied(ours)]);
        var resync = live.Function.ResyncAsync(TestContext.Current.CancellationToken);
        await live.HeldAsync("second.example");
        live.Api.Delete("ingresses", "shop", "second");
        await live.HostAsync("third");
        await live.ConvergedAsync();
        await stage.ServedAsync("third.example", "third");
        Assert.All(live.Reconciler.Proxies, proxy => Assert.Equal((true, null), (proxy.Running, proxy.Trouble)));
        Assert.Empty(live.Reconciler.Findings);
        Assert.Empty(live.Reconciler.WriteFailures);
        Assert.DoesNotContain(live.Reconciler.Wanted.Cluster.Resources.Keys, key => key.Name.StartsWith("of-broken", StringComparison.Ordinal));
        var report = await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        Assert.Equal((0, 0L, 0, 0), (report.Missed, report.Drift, report.Suspects.Length, report.Failures.Length));

        // What hangs is let go, so that the test ends.
        other.Faults.Clear();
        other.Faults.Release();
        silent.Dispose();
        await Task.WhenAny(mixed);
        await Task.WhenAny(resync);
    }

    private static void Break(KubeApiServer server, string breakage)
    {
        Fault? fault = breakage switch
        {
            "API server hangs" => Fault.Hang,
            "API server answers nonsense" => Fault.Html(200),
            "API server refuses everything" => Fault.Answer(ApiStatus.Unauthorized()),
            "API server lies" => Fault.EmptyList,
            _ => null,
        };
        if (fault is not null)
            server.Faults.Always("*", "*", fault);
    }

    private int Port(string breakage, TcpListener silent) => breakage switch
    {
        "proxies say nothing" => ((IPEndPoint)silent.LocalEndpoint).Port,
        "proxies are something else" => stage.Proxies[0].Ports.Health,
        _ => FreePorts.Take(),
    };

    private static IEnumerable<System.Text.Json.JsonElement> Useless(Objects objects, string breakage)
    {
        for (var i = 0; i < 20; i++)
        {
            var ingress = objects.Ingress($"of-broken-{i}", ("second.example", "/", "first"), ("first.example", "/", "nowhere"));
            if (breakage == "objects are hostile")
                ingress["spec"]!["rules"]![0]!["host"] = "a b;\ndel map virt@routes\n";
            if (breakage == "events are useless")
                ingress["metadata"]!["resourceVersion"] = "x";
            yield return objects.Applied(ingress);
        }

        yield return objects.Applied(objects.Secret("of-broken-pair", new('0', 64)));
        yield return objects.Applied(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = "of-broken-proxy",
                ["namespace"] = "ingress-reconciler",
                ["resourceVersion"] = objects.NextVersion(),
                ["labels"] = new JsonObject { ["app.kubernetes.io/name"] = "ingress-proxy" },
            },
            ["spec"] = JsonNode.Parse("""{"containers":[{"ports":[{"name":"admin","containerPort":9}]}]}"""),
            ["status"] = JsonNode.Parse("""{"phase":"Running","podIP":"127.0.0.1"}"""),
        });
    }
}
