using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Reconciliation;
using IngressReconciler.Storage;
using Xunit;

namespace IngressReconciler.Tests.Unit.Rounds;

/// <summary>What is put into the journal fits into it.</summary>
public sealed class RequestBatchTests
{
    [Fact]
    public void An_object_that_no_line_can_hold_is_left_out_and_all_others_are_journalled()
    {
        // Less than Event Grid's megabyte, and six times as much once each '<' is escaped.
        var large = Ingress("large", "/" + new string('<', 900_000));
        var changes = Enumerable.Range(0, 3).Select(i => (ResourceChange)new Applied(Ingress(
            string.Create(CultureInfo.InvariantCulture, $"small{i}"), "/"))).Append(new Applied(large));
        var requests = new RequestBatch([new([.. changes], 0)]);

        var lines = requests.Batches(ClusterState.Empty, DateTimeOffset.UnixEpoch).ToArray();
        Assert.All(lines, line => Assert.InRange(line.ToBytes().Length, 1, Journal.LongestLine));
        Assert.Equal(3, lines.Sum(line => line.Changes.Length));
    }

    private static Ingress Ingress(string name, string path) => new()
    {
        Metadata = new() { Name = name, Namespace = "shop", ResourceVersion = "1" },
        Spec = new() { Rules = [new("a.example", new([new(path, "Prefix", null)]))] },
    };
}
