using System.Reflection;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Kubernetes;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Tests.Unit.Core;
using IngressReconciler.Workers;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

/// <summary>Who may say where a proxy is, and what is sent to whom.</summary>
public class ConfirmedProxyTests
{
    [Fact]
    public void A_proxy_is_made_by_what_its_source_says_and_never_by_hand()
    {
        var type = typeof(ConfirmedProxy);
        Assert.Empty(type.GetConstructors());
        Assert.All(type.GetProperties(), property => Assert.Null(property.SetMethod));
        Assert.DoesNotContain(
            type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly), method => !method.IsSpecialName);
        var makers = typeof(ProxyConfirmation).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly);
        Assert.Equal(["ListAsync", "OfSetting", "ReadAsync"], makers.Select(method => method.Name).Order());
    }

    [Theory]
    [InlineData("new ConfirmedProxy(", "Reconciler/Workers/ProxyConfirmation.cs")]
    [InlineData("ProxyConfirmation.OfSetting(", "Reconciler/Settings/ClusterSettings.cs")]
    [InlineData("ProxyConfirmation.ListAsync(", "Reconciler/Workers/EdgeMachines.cs")]
    [InlineData("ProxyConfirmation.ReadAsync(", "Reconciler/Workers/PodConfirmation.cs")]
    public void Each_maker_is_used_where_its_source_is(string call, string place)
    {
        var root = Golden.Folder("../../functions");
        var users = Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(call, StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'));
        Assert.Equal([place], users);
    }

    [Theory]
    [InlineData("127.0.0.7", "ingress-reconciler", "p1", "app.kubernetes.io/name", true)]
    [InlineData("", "ingress-reconciler", "p1", "app.kubernetes.io/name", false)]
    [InlineData("127.0.0.7", "ingress-reconciler", "p1", "other", false)]
    [InlineData("127.0.0.7", "elsewhere", "p1", "app.kubernetes.io/name", false)]
    [InlineData("127.0.0.7", "ingress-reconciler", "another", "app.kubernetes.io/name", false)]
    public async Task Of_a_Pod_the_API_servers_address_namespace_name_and_labels_count(string address, string ns, string name, string label, bool isProxy)
    {
        var pod = new Pod
        {
            Metadata = new() { Name = name, Namespace = ns, ResourceVersion = "7", Labels = new() { [label] = "ingress-proxy" } },
            Spec = new() { Containers = [new("haproxy", [new("admin", 9443, null)])] },
            Status = new() { Phase = "Running", PodIP = address },
        };
        var reading = await ProxyConfirmation.ReadAsync(new OnePod(pod), ProxyPods.Default, "p1", TestContext.Current.CancellationToken);
        Assert.Equal(isProxy ? "p1=127.0.0.7:9443" : null, reading.Proxy?.ToString());
    }

    [Property(Arbitrary = [typeof(SmallClusters)], MaxTest = 50)]
    public void No_certificate_is_ever_for_an_edge_proxy(Happening[] log, Happening[] more)
    {
        var before = log.InService().Changes().Wanted();
        var (wanted, difference) = before.After(more.Changes(1000), Happenings.At);
        var some = new PlanScope(ProxyRole.Edge);
        some.Add(before, wanted, difference);
        foreach (var scope in (PlanScope[])[some, PlanScope.All(ProxyRole.Edge)])
        {
            var plan = HAProxyPlanner.Plan(wanted.Compiled(ProxyRole.Edge), 1, new SimulatedProxy().Read(scope), scope);
            Assert.DoesNotContain(plan.Steps, step => step.GetType().Name.Contains("Certificate", StringComparison.Ordinal));
            Assert.Empty(scope.Certificates);
        }
    }

    private sealed class OnePod(Pod pod) : IClusterReader
    {
        public System.Collections.Immutable.ImmutableArray<ResourceKind> Kinds => [ResourceKind.Pod];

        public Task<ClusterListing> ListAsync(CancellationToken cancel) => throw new NotSupportedException();

        public Task<Resource?> ReadAsync(ResourceKey key, CancellationToken cancel) => Task.FromResult<Resource?>(pod);

        public Task<TlsKeyPair?> ReadKeyPairAsync(string scope, string name, CancellationToken cancel) => throw new NotSupportedException();
    }
}
