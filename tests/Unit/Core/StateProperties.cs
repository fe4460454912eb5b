using System.Text;
using FsCheck;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Level-based: what is wanted follows from the last state of each object, however the news of it came.</summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 150)]
public class StateProperties
{
    [Property]
    public void Lost_order_and_repetition_change_nothing(Happening[] log, DoNotSize<int> seed)
    {
        var changes = log.Changes();
        var random = new Random(seed.Item);
        var shuffled = changes.Concat(changes.Where(_ => random.Next(2) == 0)).ToArray();
        random.Shuffle(shuffled);
        Same(DesiredState.Of(changes.Final(), Happenings.Options), shuffled.Wanted());
    }

    [Property]
    public void Objects_that_are_told_of_once_may_come_in_any_order(Happening[] log, DoNotSize<int> seed)
    {
        var changes = log.DistinctBy(one => one.Resource.Key).ToArray().Changes();
        var expected = changes.Wanted();
        new Random(seed.Item).Shuffle(changes);
        Same(expected, changes.Wanted());
    }

    [Property]
    public void Telling_everything_twice_is_telling_it_once(Happening[] log)
    {
        var changes = log.Changes();
        var once = changes.Wanted();
        var (again, difference) = once.After(changes, Happenings.At);
        Assert.True(difference.IsEmpty);
        Assert.Same(once.Cluster, again.Cluster);
        Assert.DoesNotContain(changes, once.Cluster.Accepts);
    }

    [Property]
    public void What_is_older_than_the_state_of_an_object_or_its_deletion_changes_nothing(Happening[] log, DoNotSize<int> seed)
    {
        var changes = log.Changes();
        var now = changes.Wanted();
        var late = changes.Where(change => change != changes.Last(other => other.Key == change.Key)).ToArray();
        new Random(seed.Item).Shuffle(late);
        Assert.True(now.After(late, Happenings.At).Difference.IsEmpty);
        foreach (var key in changes.OfType<Deleted>().Select(change => change.Key).Distinct().Where(key => !now.Cluster.Resources.ContainsKey(key)))
            Assert.True(now.Cluster.Tombstones.ContainsKey(key));
    }

    [Property]
    public void Every_step_equals_a_new_start_from_its_state(Happening[] log)
    {
        var wanted = Happenings.Nothing;
        var hash = ModelHash.Of(wanted.Model);
        foreach (var change in log.Changes())
        {
            (wanted, var difference) = wanted.After([change], Happenings.At);
            hash = hash.After(difference.Hosts);
            Same(DesiredState.Of(wanted.Cluster, Happenings.Options), wanted);
            Assert.Equal(ModelHash.Of(wanted.Model).Text, hash.Text);
        }
    }

    [Property]
    public void Changes_in_batches_end_as_changes_one_by_one(Happening[] log, byte size)
    {
        var changes = log.Changes();
        var batched = changes.Chunk(1 + (size % 8)).Aggregate(Happenings.Nothing, (wanted, some) => wanted.After(some, Happenings.At).Next);
        Same(changes.Wanted(), batched);
    }

    [Property]
    public void The_difference_names_everything_that_differs_and_nothing_else(Happening[] log, Happening[] more)
    {
        var before = log.Changes().Wanted();
        var (after, difference) = before.After(more.Changes(from: log.Length + 1), Happenings.At);
        var hosts = before.Model.Hosts.Keys.Union(after.Model.Hosts.Keys)
            .Where(key => !Equals(before.Model.Hosts.GetValueOrDefault(key), after.Model.Hosts.GetValueOrDefault(key)));
        var upstreams = before.Endpoints.Keys.Union(after.Endpoints.Keys)
            .Where(key => !Equals(before.Endpoints.GetValueOrDefault(key), after.Endpoints.GetValueOrDefault(key)));
        Assert.Equal(hosts.ToHashSet(), difference.Hosts.Select(one => one.Host).ToHashSet());
        Assert.Equal(upstreams.ToHashSet(), difference.Upstreams.Select(one => one.Upstream).ToHashSet());
        Assert.All(difference.Upstreams, one => Assert.Equal(before.Endpoints.GetValueOrDefault(one.Upstream), one.Before));
        Assert.All(difference.Hosts, one => Assert.Equal(before.Model.Hosts.GetValueOrDefault(one.Host), one.Before));
        Assert.All(difference.Hosts, one => Assert.Equal(after.Model.Hosts.GetValueOrDefault(one.Host), one.After));
        Assert.All(difference.Hosts, one => Assert.Equal(
            Routes(one.Before).Except(Routes(one.After)), one.Routes.Select(route => route.Before).OfType<Route>()));
        Assert.All(difference.Hosts, one => Assert.Equal(
            Routes(one.After).Except(Routes(one.Before)), one.Routes.Select(route => route.After).OfType<Route>()));

        static IEnumerable<Route> Routes(HostRoutes? host) => host?.Routes ?? [];
    }

    [Property]
    public void A_journal_line_reads_as_it_was_written(Happening[] log)
    {
        var batch = new JournalBatch("one", Happenings.At.AddTicks(1234567), [.. log.Changes()]);
        var line = batch.ToBytes();
        Assert.Equal(line.Length - 1, Array.IndexOf(line, (byte)'\n'));
        var read = JournalBatch.Parse(line.AsMemory(0, line.Length - 1));
        Assert.Equal((batch.Id, batch.At), (read.Id, read.At));
        Assert.Equal(Encoding.UTF8.GetString(line), Encoding.UTF8.GetString(read.ToBytes()));
        Same(batch.Changes.Wanted(), read.Changes.Wanted());
    }

    [Property]
    public void A_state_comes_back_from_a_snapshot_with_its_tombstones(Happening[] log, Happening[] more)
    {
        var wanted = log.Changes().Wanted();
        var state = wanted.Cluster;
        var changes = state.Tombstones.Select(pair => (ResourceChange)new Deleted(pair.Key, pair.Value.ResourceVersion))
            .Concat(state.Resources.Values.Select(resource => new Applied(resource)));
        var read = JournalBatch.Parse(new JournalBatch("snapshot", Happenings.At, [.. changes]).ToBytes());
        var (back, _) = ClusterState.Empty.Apply(read.Changes, read.At);
        Assert.Equal(state.Tombstones.ToDictionary(), back.Tombstones.ToDictionary());
        var later = more.Concat(log).ToArray().Changes();
        Same(wanted.After(later, Happenings.At).Next, DesiredState.Of(back, Happenings.Options).After(later, Happenings.At).Next);
    }

    [Property]
    public void A_state_counts_its_objects_and_knows_the_slices_of_each_Service(Happening[] log)
    {
        var state = log.Changes().Wanted().Cluster;
        foreach (var kind in Enum.GetValues<ResourceKind>())
            Assert.Equal(state.Resources.Keys.Count(key => key.Kind == kind), state.Counts.GetValueOrDefault(kind));
        var slices = state.Resources.Values.OfType<IngressReconciler.Cluster.Resources.EndpointSlice>().ToArray();
        foreach (var service in Enumerable.Range(1, 3).Select(i => new ResourceKey(ResourceKind.Service, "a", $"s{i}")))
            Assert.Equal(slices.Where(one => one.Service == service).OrderBy(one => one.Metadata.Name, StringComparer.Ordinal), state.SlicesOf(service));
    }

    private static void Same(DesiredState expected, DesiredState actual) => Assert.Equal(Stages.All(expected), Stages.All(actual));
}
