using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Two namespaces: no object of the newer one changes what the hosts of the older one serve.</summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 400, StartSize = 20, EndSize = 80)]
public class HostOwnershipProperties
{
    private static readonly string[] Probes = ["x.example", "y.example", "any.example", "a.b.example", "other.net"];

    private static readonly string[] Paths = ["/", "/a", "/a/", "/a/b", "/a/b/c", "/z"];

    /// <summary>B may be told of before A or after it, all at once or bit by bit: what counts is which objects are older.</summary>
    [Property]
    public void Nothing_of_B_changes_what_As_hosts_serve(Happening[] ofA, Happening[] ofB, bool first)
    {
        var (a, b) = (Of("a", ofA, 1), Of("b", ofB, 1000));
        var alone = a.Wanted();
        var both = (first ? b.Concat(a) : a.Concat(b)).Wanted();
        var named = a.OfType<Applied>().SelectMany(one => alone.Names(one.Resource)).ToHashSet();
        var ofOthers = b.OfType<Applied>().SelectMany(one => both.Names(one.Resource)).ToHashSet();
        foreach (var host in Probes.Where(host => IsAs(host)))
        {
            Assert.Equal((host, alone.Shown(host)), (host, both.Shown(host)));
            Assert.All(Paths, path => Assert.Equal((host, path, alone.Backend(host, path)), (host, path, both.Backend(host, path))));
        }

        Assert.All(alone.Endpoints, pair => Assert.Equal(pair.Value, both.Endpoints[pair.Key]));
        Assert.Equal(Findings(alone, "a"), Findings(both, "a"));
        Assert.All(both.Findings.Where(one => one.Object.Kind == ResourceKind.Ingress), one => Assert.DoesNotContain(
            one.Object.Namespace == "a" ? " b/" : " a/", one.Message, StringComparison.Ordinal));

        // A's are the names that it claims, those under its wildcard hosts, and with every host those that nobody else claims.
        bool IsAs(string host) =>
            named.Contains(host) || (HostOwners.Above(host) is { } wildcard && named.Contains(wildcard))
            || (named.Contains(HostKey.AnyHost) && !ofOthers.Contains(host) && !ofOthers.Contains(HostOwners.Above(host) ?? ""));
    }

    /// <summary>Whatever happens to whose hosts, shared, by age or by a list, each step ends as a new start from its state.</summary>
    [Property(MaxTest = 200)]
    public void Every_step_equals_a_new_start_from_its_state(Happening[] log, byte rule)
    {
        var options = Happenings.Options with
        {
            Ownership = (rule % 4) switch
            {
                0 => HostOwnership.Shared,
                1 => HostOwnership.ByNamespace([new("a", "y.example"), new("b", "y.example"), new("b", "x.example"), new("b", "*")]),
                2 => HostOwnership.ByNamespace([new("c", "x.example"), new("b", "*.example")]),
                _ => HostOwnership.ByAge,
            },
        };
        var wanted = DesiredState.Of(ClusterState.Empty, options);
        var both = log.Select((one, i) => i % 2 == 0 ? one : one with
        {
            Resource = one.Resource with
            {
                Metadata = one.Resource.Metadata with { Namespace = one.Resource.Metadata.Namespace == "a" ? "b" : "a" },
            },
        });
        var ofTenants = both.Where(one => one.Resource.Kind is not (ResourceKind.IngressClass or ResourceKind.ConfigMap)).ToArray();
        foreach (var change in ofTenants.Changes())
        {
            wanted = wanted.After([change], Happenings.At).Next;
            Assert.Equal(Stages.All(DesiredState.Of(wanted.Cluster, options)), Stages.All(wanted));
        }
    }

    private static string[] Findings(DesiredState wanted, string ns) => [.. wanted.Findings
        .Where(one => one.Object.Namespace == ns && one.Reason != "HostAskedForByOthers")
        .Select(one => $"{one}").Order(StringComparer.Ordinal)];

    /// <summary>A tenant's objects of a log, all younger than the hours given.</summary>
    private static ResourceChange[] Of(string ns, Happening[] log, int hours) => log
        .Where(one => one.Resource.Kind is not (ResourceKind.IngressClass or ResourceKind.ConfigMap))
        .Select(one => one with
        {
            Resource = one.Resource with
            {
                Metadata = one.Resource.Metadata with
                {
                    Namespace = ns,
                    CreationTimestamp = one.Resource.Metadata.CreationTimestamp!.Value.AddHours(hours),
                },
            },
        })
        .ToArray().Changes(from: hours);
}
