using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// A folder a sequence: numbered files with what is applied or deleted, and in <c>plan.txt</c> the plan after each, for a proxy that was pushed all
/// plans before. Each step takes in only what changed, as the product does.
/// </summary>
public class SequenceTests
{
    public static TheoryData<string> Cases => [.. Directory.GetDirectories(Golden.Folder("Sequences")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_step_plans_what_the_file_says(string name)
    {
        var folder = Path.Combine(Golden.Folder("Sequences"), name);
        var wanted = DesiredState.Of(ClusterState.Empty, new RoutingOptions());
        var proxy = new SimulatedProxy();
        var text = new StringBuilder();
        var (step, version) = (0, 0);
        foreach (var file in Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
        {
            var changes = Manifests.Documents(File.ReadAllText(file)).Select((document, i) => Change(document, $"{1 + (step * 100) + i}")).ToArray();
            var before = wanted;
            (wanted, var difference) = wanted.After(changes, DateTimeOffset.UnixEpoch);
            Assert.Equal(Stages.All(DesiredState.Of(wanted.Cluster, wanted.Options)), Stages.All(wanted));

            var scope = step++ == 0 ? PlanScope.All() : new PlanScope();
            scope.Add(before, wanted, difference);
            version += difference.Hosts.IsEmpty ? 0 : 1;
            var plan = scope.IsEmpty ? PushPlan.Empty : HAProxyPlanner.Plan(wanted.Compiled(), version, proxy.Read(scope), scope);
            proxy.Apply(plan.Steps);
            Assert.True(HAProxyPlanner.Plan(wanted.Compiled(), version, proxy.Read(PlanScope.All()), PlanScope.All()).IsEmpty);
            text.Append(CultureInfo.InvariantCulture, $"==== {Path.GetFileNameWithoutExtension(file)}\n{(plan.IsEmpty ? "# nothing\n" : Stages.Plan(plan))}\n");
        }

        Golden.Matches((Path.Combine(folder, "plan.txt"), text.ToString()));
    }

    [Fact]
    public void There_are_sequences() => Assert.InRange(Cases.Count, 6, 1000);

    /// <summary>A document with <c>deleted: true</c> says that the object is gone.</summary>
    private static ResourceChange Change(JsonObject document, string resourceVersion)
    {
        var deleted = document.Remove("deleted");
        var resource = Manifests.Resource(document, resourceVersion);
        return deleted ? new Deleted(resource.Key, resourceVersion) : new Applied(resource);
    }
}
