using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>A folder a case: a cluster, and beside it what each stage makes of it. A new folder is a new test.</summary>
public class GoldenTests
{
    public static TheoryData<string> Cases => [.. Directory.GetDirectories(Golden.Folder("Golden")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>With shared hosts, as it was before hosts had owners.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_stage_makes_what_the_files_say(string name) => Golden.Matches([.. Outputs(name, HostOwnership.Shared)]);

    /// <summary>Where hosts have owners: the same routes and findings, or those that the folder <c>owned</c> says.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Where_hosts_have_owners_every_stage_makes_the_same_or_what_their_files_say(string name)
    {
        var owned = Path.Combine(Golden.Folder("Golden"), name, "owned");
        Golden.Matches([.. Outputs(name, HostOwnership.ByAge)
            .Where(one => Path.GetFileName(one.File) is "routes.map" or "findings.txt")
            .Where(one => File.Exists(Owned(one.File)) || File.ReadAllText(one.File).ReplaceLineEndings("\n") != one.Text)
            .Select(one => (Owned(one.File), one.Text))]);

        string Owned(string file) => Path.Combine(owned, Path.GetFileName(file));
    }

    private static IEnumerable<(string File, string Text)> Outputs(string name, HostOwnership ownership)
    {
        var folder = Path.Combine(Golden.Folder("Golden"), name);
        var cluster = Manifests.Cluster(File.ReadAllText(Path.Combine(folder, "cluster.yaml")));
        var wanted = DesiredState.Of(cluster, new RoutingOptions { Ownership = ownership });
        var plan = HAProxyPlanner.Plan(wanted.Compiled(), 1, ProxyState.Fresh, PlanScope.All());
        new SimulatedProxy().Apply(plan.Steps);
        return
        [
            (Path.Combine(folder, "model.json"), Stages.Model(wanted.Model)),
            (Path.Combine(folder, "endpoints.json"), Stages.Endpoints(wanted)),
            (Path.Combine(folder, "findings.txt"), Stages.Findings(wanted)),
            (Path.Combine(folder, "routes.map"), Stages.RouteMap(wanted)),
            (Path.Combine(folder, "plan.txt"), Stages.Plan(plan)),
        ];
    }

    [Fact]
    public void There_are_cases() => Assert.InRange(Cases.Count, 12, 1000);
}
