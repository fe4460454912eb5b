using FsCheck.Xunit;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What a bootstrap has no part for is refused before it is sent, and belongs to the object that asked for it.</summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 200, StartSize = 20, EndSize = 120)]
public sealed class ContractRefusalTests
{
    private static readonly ProxyContract Little =
        ProxyContract.Read("ingress-reconciler contract=1 profiles= maps=virt@routes,virt@state", ProxyRole.Ingress);

    [Property]
    public void What_a_bootstrap_lacks_is_not_sent_and_all_else_is(Happening[] log)
    {
        var wanted = log.InService().Changes().Wanted();
        var scope = PlanScope.All();
        Assert.Empty(ContractRefusals.Of(ProxyContract.Known(ProxyRole.Ingress), wanted.Compiled(), scope));
        var refused = Refusals.None.With(ContractRefusals.Of(Little, wanted.Compiled(), scope));
        Assert.All(refused.All, one => Assert.True(one is { Owner: not null, IsOutage: false, Part.IsVital: false }, $"{one.Part}"));

        var proxy = new SimulatedProxy { Refuses = refused.Has };
        foreach (var one in refused.All.Where(one => one.Part.Kind == PartKind.Backend))
            Assert.False(proxy.Offer(new AddBackend(one.Part.Name, "http"))); // its routes lead nowhere, and that is meant
        var plan = HAProxyPlanner.Plan(wanted.Compiled(), 1, proxy.Read(scope), scope, refused);
        Assert.DoesNotContain(plan.Steps, step =>
            step is AddBackend or AddServer or AddCertificate or BindCertificate or SetDefaultCertificate or AddProxySource or TellLinkId);
        Assert.All(plan.Steps, step => Assert.True(proxy.Offer(step), $"{step}"));
        Assert.True(HAProxyPlanner.Plan(wanted.Compiled(), 1, proxy.Read(scope), scope, refused).IsDone);
        Assert.Equal(Stages.Routes(wanted.Model).Count + 1, proxy.Routes.Count);

        // With the bootstrap of this release nothing is left of it.
        proxy.Apply(HAProxyPlanner.Plan(wanted.Compiled(), 1, proxy.Read(scope), scope).Steps);
        Assert.True(Happenings.Full(wanted, 1, proxy).IsEmpty);
    }

    [Fact]
    public void What_the_edge_asks_for_is_refused_in_its_scope_only()
    {
        var options = new RoutingOptions();
        var asked = new ProxyProtocolSettings { Sources = [new("10.0.2.0/24", true)], LinkId = true };
        var wanted = DesiredState.Of(Manifests.Cluster(""), options with { Settings = options.Settings with { ProxyProtocol = asked } });
        const string Remedy = "which the proxy's bootstrap (contract 1) does not have: roll the proxy to the bootstrap of this release";
        Assert.Equal(
            [
                $"a PROXY header from 10.0.2.0/24 needs the map virt@proxy-sources, {Remedy}",
                $"X-Azure-Private-Link-Id needs ability link-id, {Remedy}",
            ],
            ContractRefusals.Of(Little, wanted.Compiled(), PlanScope.All()).Select(one => $"{one.Reason}"));
        Assert.All(ContractRefusals.Of(Little, wanted.Compiled(), PlanScope.All()), one => Assert.Equal(EdgeTranslation.Key, one.Owner));
        Assert.Empty(ContractRefusals.Of(Little, wanted.Compiled(), new PlanScope(ProxyRole.Ingress)));
        Assert.Empty(ContractRefusals.Of(Little, wanted.Compiled(ProxyRole.Edge), PlanScope.All(ProxyRole.Edge)));
    }
}
