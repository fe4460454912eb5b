using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Unit.Core;
using Xunit;

namespace IngressReconciler.Tests.Unit.Feedback;

/// <summary>One namespace's findings, however many, do not keep another's from being told.</summary>
public sealed class FindingFairnessTests
{
    private const int AtOnce = 10;

    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Fact]
    public void Another_namespaces_finding_is_among_the_first_that_are_told()
    {
        var ledger = new FindingLedger();
        var (cluster, findings) = Flood(1, 2000);
        ledger.Observe(cluster, findings, Now);
        Assert.Contains(ledger.Due(Now).Take(AtOnce), one => one.Namespace == "victim");
    }

    [Fact]
    public void Nor_do_a_hundred_namespaces_that_flood()
    {
        var ledger = new FindingLedger();
        var (cluster, findings) = Flood(100, 40);
        var passes = 0;
        for (var told = false; !told; passes++)
        {
            ledger.Observe(cluster, findings, Now);
            foreach (var one in ledger.Due(Now).Take(AtOnce).ToArray())
            {
                told |= one.Namespace == "victim";
                one.WasTold(Now);
            }
        }

        Assert.InRange(passes, 1, 11); // each of the 101 namespaces once
    }

    private static (ClusterState Cluster, List<Finding> Findings) Flood(int namespaces, int objects)
    {
        var resources = new List<Resource>();
        var findings = new List<Finding>();
        for (var ns = 0; ns < namespaces; ns++)
        {
            for (var i = 0; i < objects; i++)
                Add(string.Create(CultureInfo.InvariantCulture, $"flood{ns}"), string.Create(CultureInfo.InvariantCulture, $"i{i}"));
        }

        Add("victim", "web");
        return (Manifests.Cluster(resources), findings);

        void Add(string ns, string name)
        {
            var one = new Ingress { Metadata = new() { Name = name, Namespace = ns, ResourceVersion = "1", Uid = $"{ns}/{name}" } };
            resources.Add(one);
            findings.Add(new(one.Key, Severity.Error, "Bad", "it is bad"));
        }
    }
}
