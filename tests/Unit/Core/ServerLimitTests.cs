using System.Collections.Immutable;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>How many requests a pod gets at a time, on proxies that another release of ours, or another setting, has filled.</summary>
public class ServerLimitTests
{
    private const string Cluster = """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec:
          ingressClassName: ingress-reconciler
          defaultBackend: { service: { name: web, port: { number: 80 } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: ingress-reconciler }
        spec: { controller: ingressreconciler.dev/ingress-controller }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { ports: [{ port: 80 }] }
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: web-1, namespace: shop, labels: { kubernetes.io/service-name: web } }
        addressType: IPv4
        ports: [{ port: 8080 }]
        endpoints: [{ addresses: [10.0.0.1] }, { addresses: [10.0.0.2] }]
        """;

    [Theory]
    [InlineData(null, " maxconn 1000")]
    [InlineData(5000, " maxconn 5000")]
    [InlineData(0, "")]
    public void A_new_server_has_the_limit(int? setting, string keyword)
    {
        var plan = HAProxyPlanner.Plan(Wants(setting).Compiled(), 1, ProxyState.Fresh, PlanScope.All());
        Assert.Equal(
            [$"add server http:shop:web:80/10.0.0.1_8080 ipv4@10.0.0.1:8080{keyword}", $"add server http:shop:web:80/10.0.0.2_8080 ipv4@10.0.0.2:8080{keyword}"],
            plan.Prepare.OfType<AddServer>().Select(step => HAProxyCommands.Of(step).Line));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("300")]
    public void A_server_that_was_made_with_another_is_given_it_and_that_is_noted_once(string? noted)
    {
        var proxy = new SimulatedProxy().Apply(HAProxyPlanner.Plan(Wants(300).Compiled(), 1, ProxyState.Fresh, PlanScope.All()).Steps);
        var state = proxy.Read(PlanScope.All());
        state = state with { Notes = noted is null ? ImmutableDictionary<string, string>.Empty : state.Notes };

        var plan = HAProxyPlanner.Plan(Wants(null).Compiled(), 1, state, PlanScope.All());

        Assert.Equal(
            ["set maxconn server http:shop:web:80/10.0.0.1_8080 1000", "set maxconn server http:shop:web:80/10.0.0.2_8080 1000"],
            plan.Prepare.Select(step => HAProxyCommands.Of(step).Line));
        Assert.Equal([$"{(noted is null ? "add" : "set")} map virt@state server-limit 1000"], plan.Switch.Select(step => HAProxyCommands.Of(step).Line));
        state = state with { Notes = ImmutableDictionary<string, string>.Empty.Add(ProxyNotes.ServerLimit, "1000") };
        Assert.True(HAProxyPlanner.Plan(Wants(null).Compiled(), 1, state, PlanScope.All()).IsEmpty);
    }

    private static DesiredState Wants(int? limit)
    {
        var options = new RoutingOptions();
        return DesiredState.Of(Manifests.Cluster(Cluster), options with { Settings = options.Settings with { PodConnections = limit } });
    }
}
