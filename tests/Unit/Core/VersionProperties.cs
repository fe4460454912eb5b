using System.Collections.Immutable;
using System.Text.Json;
using FsCheck.Xunit;
using IngressReconciler.Desired;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 150)]
public class VersionProperties
{
    [Property]
    public void A_chain_of_versions_gives_back_every_model(Happening[] log)
    {
        var wanted = Happenings.Nothing;
        RoutingModel? parent = null;
        var number = 0;
        foreach (var changes in log.Changes().Chunk(3))
        {
            (wanted, var difference) = wanted.After(changes, Happenings.At);
            var full = ++number % 4 == 1;
            var stored = full
                ? wanted.Model.Hosts.ToImmutableSortedDictionary(pair => pair.Key.ToString(), pair => (HostRoutes?)pair.Value, StringComparer.Ordinal)
                : difference.Hosts.ToImmutableSortedDictionary(one => one.Host.ToString(), one => one.After, StringComparer.Ordinal);
            var version = Read(Version(number, full, stored, wanted));
            parent = version.Model(full ? null : parent);
            Assert.Equal(Stages.Model(wanted.Model), Stages.Model(parent));
            Assert.Equal(version.Hash, ModelHash.Of(parent).Text);
        }
    }

    [Property]
    public void Equal_routing_has_an_equal_hash_and_other_routing_another(Happening[] one, Happening[] other)
    {
        var (left, right) = (one.Changes().Wanted().Model, other.Changes().Wanted().Model);
        Assert.Equal(Stages.Model(left) == Stages.Model(right), ModelHash.Of(left).Text == ModelHash.Of(right).Text);
        var (first, last) = (left.Hosts.Keys.Order(HostKey.Order), left.Hosts.Keys.OrderDescending(HostKey.Order));
        Assert.Equal(Rebuilt(first), Rebuilt(last));

        string Rebuilt(IEnumerable<HostKey> order) => order.Aggregate(ModelHash.Of(RoutingModel.Empty), (hash, key) => hash.After([new(key, null, left.Hosts[key])])).Text;
    }

    [Property]
    public void A_diff_is_empty_between_equals_and_turned_round_it_swaps_its_sides(Happening[] one, Happening[] other)
    {
        var (left, right) = (one.Changes().Wanted().Model, other.Changes().Wanted().Model);
        Assert.Empty(VersionDiff.Of(1, left, 2, one.Changes().Wanted().Model).Hosts);
        var there = VersionDiff.Of(1, left, 2, right).Hosts;
        var back = VersionDiff.Of(2, right, 1, left).Hosts;
        Assert.Equal(there, back.Select(host => new HostDiff(host.Host, host.Added, host.Removed, host.CertificateAfter, host.CertificateBefore)));
    }

    [Fact]
    public void A_version_that_holds_only_differences_needs_its_parent()
    {
        var version = Version(2, false, ImmutableSortedDictionary<string, HostRoutes?>.Empty, Happenings.Nothing);
        Assert.Throws<ArgumentNullException>(() => version.Model(null));
    }

    private static ConfigVersion Version(
        int number, bool full, ImmutableSortedDictionary<string, HostRoutes?> hosts, DesiredState wanted) =>
        new()
        {
            Number = number,
            Parent = number - 1,
            Full = full,
            Hash = ModelHash.Of(wanted.Model).Text,
            At = Happenings.At,
            Position = "00000001-000000000000",
            Cause = "test",
            HostCount = wanted.Model.Hosts.Count,
            Settings = wanted.Model.Settings,
            Hosts = hosts,
            Findings = wanted.Findings.ToValueList(),
        };

    private static ConfigVersion Read(ConfigVersion version)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(version, VersionJson.Default.ConfigVersion);
        var read = JsonSerializer.Deserialize(bytes, VersionJson.Default.ConfigVersion)!;
        Assert.Equal(bytes, JsonSerializer.SerializeToUtf8Bytes(read, VersionJson.Default.ConfigVersion));
        return read;
    }
}
