using IngressReconciler.Planning;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>A folder a case: a cluster, and beside it what each stage makes of it. A new folder is a new test.</summary>
public class GoldenTests
{
    public static TheoryData<string> Cases => [.. Directory.GetDirectories(Golden.Folder("Golden")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_stage_makes_what_the_files_say(string name)
    {
        var folder = Path.Combine(Golden.Folder("Golden"), name);
        var wanted = Wanted.Of(Manifests.Cluster(File.ReadAllText(Path.Combine(folder, "cluster.yaml"))), new RoutingOptions());
        var plan = HAProxyPlanner.Plan(wanted, 1, ProxyState.Fresh, PlanScope.All());
        new SimulatedProxy().Apply(plan.Steps);
        Golden.Matches(
            (Path.Combine(folder, "model.json"), Stages.Model(wanted.Model)),
            (Path.Combine(folder, "endpoints.json"), Stages.Endpoints(wanted)),
            (Path.Combine(folder, "findings.txt"), Stages.Findings(wanted)),
            (Path.Combine(folder, "routes.map"), Stages.RouteMap(wanted)),
            (Path.Combine(folder, "plan.txt"), Stages.Plan(plan)));
    }

    [Fact]
    public void There_are_cases() => Assert.InRange(Cases.Count, 12, 1000);
}
