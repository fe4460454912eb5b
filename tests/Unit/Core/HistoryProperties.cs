using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Whatever was known, whatever happens meanwhile: in the end there is what a fresh list has.</summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 150)]
public class HistoryProperties
{
    private static readonly MassDeletionLimits Guard = new();

    private static readonly ImmutableArray<ResourceKind> Kinds = [.. ResourceKinds.All.Select(entry => entry.Kind)];

    [Property]
    public void Another_history_is_followed_to_its_end_whatever_was_known_and_poisoned(
        Happening[] old, Happening[] poison, Happening[] history, Happening[] later, int start)
    {
        // The new history begins anywhere: before the old one, in its middle, after it.
        var first = 1 + (Math.Abs(start) % (2 * (old.Length + 1)));
        var known = After(ClusterState.Empty, [.. old.Changes(), .. poison.Changes(1_000_000)]);
        var fresh = history.Changes(first);
        var listed = First(known, List(fresh, first + history.Length));
        var end = After(listed, later.Changes(first + history.Length + 1));
        Same([.. fresh, .. later.Changes(first + history.Length + 1)], end);
    }

    [Property]
    public void What_happens_while_the_list_is_made_is_not_lost_when_it_is_made_again(
        Happening[] old, Happening[] history, Happening[] meanwhile, Happening[] more, DoNotSize<int> seed)
    {
        var known = After(ClusterState.Empty, old.Changes(500));
        var fresh = history.Changes();
        var list = List(fresh, history.Length + 1);
        var news = meanwhile.Changes(history.Length + 2);
        new Random(seed.Item).Shuffle(news);
        var now = After(known, news.Concat(more.Changes(1_000_000))); // events of the new history, and wrong ones
        var corrected = After(now, list.MissedBy(known, now, Guard, Confirmed).Changes);
        ResourceChange[] all = [.. fresh, .. meanwhile.Changes(history.Length + 2)];
        Same(all, First(corrected, List(all, all.Length + 1)));
    }

    [Property]
    public void Within_one_history_no_list_contradicts_what_is_known(Happening[] log, byte known, byte listed, DoNotSize<int> seed)
    {
        var changes = log.Changes(from: 2);
        var at = listed % (log.Length + 1);
        var before = After(ClusterState.Empty, changes[..(known % (at + 1))]); // the list begins later
        var news = changes.ToArray();
        new Random(seed.Item).Shuffle(news);
        var now = After(before, news);
        var missed = List(changes[..at], at + 1).MissedBy(before, now, Guard, EarlierLists.None);
        Assert.Empty(missed.Corrected);
        Same(changes, After(now, missed.Changes));
    }

    [Property]
    public void A_correction_that_is_read_again_from_journal_or_snapshot_ends_in_the_same_state(Happening[] old, Happening[] history)
    {
        var known = After(ClusterState.Empty, old.Changes(500));
        var changes = List(history.Changes(), history.Length + 1).MissedBy(known, known, Guard, Confirmed).Changes;
        var corrected = After(known, changes);
        var line = new JournalBatch("one", Happenings.At, changes).ToBytes();
        var read = JournalBatch.Parse(line.AsMemory(0, line.Length - 1));
        Equal(corrected, After(known, read.Changes));
        Equal(corrected, After(After(known, read.Changes), read.Changes));
        var snapshot = ClusterSnapshot.Lines(corrected, Happenings.At).Select(one => JournalBatch.Parse(one.AsMemory(0, one.Length - 1)));
        Equal(corrected, ClusterState.Empty.Apply(snapshot));
    }

    [Fact]
    public void A_version_from_an_event_that_no_list_can_have_is_healed_at_once()
    {
        var state = Manifests.Cluster(Services(3, "10").Append(Service(1, "9999999999")));
        var missed = new ClusterList([.. Services(3, "10")], Version("20")).MissedBy(state, state, Guard, EarlierLists.None);
        Assert.Equal(
            ["Service shop/s1 was known at version 9999999999, which is newer than the fresh list; there it has version 10"],
            missed.Corrected.Select(one => $"{one}"));
        Assert.Empty(missed.Suspects);
        Assert.Equal("10", After(state, missed.Changes).VersionOf(Service(1, "1").Key));
    }

    [Theory]
    [InlineData("200")] // as many as are known
    [InlineData("90")] // a few, and the list before was of a later version
    public void A_list_that_goes_back_is_rejected_and_a_second_one_or_a_person_is_followed(string version)
    {
        var few = version == "90";
        var state = Manifests.Cluster([.. Services(few ? 2 : 12, "300"), Service(50, "1")]);
        var list = new ClusterList([.. Services(few ? 2 : 12, "80"), Service(50, "1"), Service(60, "70")], Version(version));
        var earlier = few ? EarlierLists.None with { Versions = Version("310") } : EarlierLists.None;
        var first = list.MissedBy(state, state, Guard, earlier);
        Assert.Equal((Suspicion.GoesBack, few ? 2 : 12), (Assert.Single(first.Suspects).Reason, first.Suspects[0].Missing));
        Assert.Equal([Service(60, "70").Key], first.Changes.Select(change => change.Key)); // all else is good
        Assert.Empty(first.Corrected);

        foreach (var now in (EarlierLists[])[earlier with { Suspects = first.Suspects }, earlier with { Confirmed = true }])
        {
            var second = list.MissedBy(state, state, Guard, now);
            Assert.Empty(second.Suspects);
            Assert.Equal(few ? 2 : 12, second.Corrected.Length);
        }

        // Another suspicion confirms nothing.
        Assert.NotEmpty(list.MissedBy(state, state, Guard, earlier with { Suspects = [new(ResourceKind.Service, 12, 13)] }).Suspects);
    }

    [Fact]
    public void Objects_that_were_made_up_at_versions_to_come_are_gone_after_two_lists_whatever_was_doubted_before()
    {
        // The list lacks them, and they contradict it: two doubts, which must not take turns for ever.
        var state = Manifests.Cluster([.. Services(12, "9999999999"), Service(50, "1")]);
        var list = new ClusterList([Service(50, "1")], Version("20"));
        foreach (var doubted in (SuspectList[][])[[], [new(ResourceKind.Service, 12, 13)], [new(ResourceKind.Service, 12, 13) { Reason = Suspicion.GoesBack }]])
        {
            var first = list.MissedBy(state, state, Guard, EarlierLists.None with { Suspects = [.. doubted] });
            Assert.Equal([Suspicion.Lacks, Suspicion.GoesBack], first.Suspects.Select(one => one.Reason));
            var now = After(state, first.Changes);
            var second = list.MissedBy(now, now, Guard, EarlierLists.None with { Suspects = first.Suspects, Versions = Version("20") });
            Assert.Empty(second.Suspects);
            Assert.Equal([Service(50, "1").Key], After(now, second.Changes).Resources.Keys);
        }
    }

    [Fact]
    public void Another_cluster_under_the_same_id_is_followed_at_once_though_it_lacks_everything()
    {
        var old = new ClusterList([.. Services(20, "300"), Identity("old", "1")], Version("400"));
        var state = First(ClusterState.Empty, old);
        Assert.Equal("old", ClusterHistory.Of(state).UidOf(ResourceKind.Service));
        state = After(state, [new Deleted(Service(60, "1").Key, "399")]);

        var list = new ClusterList([Identity("new", "5"), Service(60, "7")], Version("9"));
        var missed = list.MissedBy(state, state, Guard, EarlierLists.None with { Versions = Version("400") });
        Assert.Equal("old", missed.Another);
        Assert.Empty(missed.Suspects);
        var now = First(state, list, EarlierLists.None);
        var services = now.Resources.Keys.Where(key => key.Kind == ResourceKind.Service).Order(ResourceKey.Order);
        Assert.Equal([ClusterHistory.IdentityKey, Service(60, "7").Key], services);
        Assert.Equal("new", ClusterHistory.Of(now).UidOf(ResourceKind.Service));
        Assert.All(now.Tombstones.Values, tombstone => Assert.Equal("9", tombstone.ResourceVersion));
    }

    [Fact]
    public void A_kind_that_could_not_be_listed_of_the_new_cluster_is_followed_at_once_when_it_can()
    {
        var old = new ClusterList(
            [.. Services(20, "300"), Identity("old", "1"), .. Nodes(20, "300")],
            Version("400").Add(ResourceKind.Node, "400"));
        var state = First(ClusterState.Empty, old);
        state = First(state, new([Identity("new", "5")], Version("9")), EarlierLists.None);
        Assert.Equal(20, state.Counts[ResourceKind.Node]);
        var list = new ClusterList([Identity("new", "5")], Version("10").Add(ResourceKind.Node, "10"));
        var missed = list.MissedBy(state, state, Guard, EarlierLists.None);
        Assert.Equal(("old", 20, 0), (missed.Another, missed.Corrected.Length, missed.Suspects.Length));
    }

    [Fact]
    public void The_record_is_written_once_and_no_list_takes_it_away()
    {
        var list = new ClusterList([Identity("one", "1")], Version("2"));
        var state = First(ClusterState.Empty, list);
        Assert.True(ClusterHistory.Of(state).Has(ResourceKind.Service));
        Assert.False(ClusterHistory.Of(state).Has(ResourceKind.Node));
        Assert.Empty(list.MissedBy(state, state, Guard, Confirmed).Changes);
        Assert.Same(state, First(state, list));

        // A list that does not show the identity takes back nothing that is known of it.
        Assert.Equal("one", ClusterHistory.Of(First(state, new([], Version("3")))).UidOf(ResourceKind.Service));
    }

    private static EarlierLists Confirmed => EarlierLists.None with { Confirmed = true };

    private static ImmutableDictionary<ResourceKind, string> Version(string version) =>
        ImmutableDictionary<ResourceKind, string>.Empty.Add(ResourceKind.Service, version);

    private static IEnumerable<Resource> Services(int count, string version) => Enumerable.Range(0, count).Select(i => Service(i, version));

    private static IEnumerable<Resource> Nodes(int count, string version) =>
        Enumerable.Range(0, count).Select(i => new Node { Metadata = new() { Name = $"n{i}", ResourceVersion = version, Uid = $"n{i}" } });

    private static Service Service(int number, string version) =>
        new() { Metadata = new() { Name = $"s{number}", Namespace = "shop", ResourceVersion = version, Uid = $"s{number}" } };

    private static Service Identity(string uid, string version) =>
        new() { Metadata = new() { Name = "kubernetes", Namespace = "default", ResourceVersion = version, Uid = uid } };

    /// <summary>What a list of every kind gives after changes, at a version.</summary>
    private static ClusterList List(ResourceChange[] changes, int version) => new(
        [.. changes.Final().Resources.Values],
        Kinds.ToImmutableDictionary(kind => kind, _ => version.ToString(CultureInfo.InvariantCulture)));

    /// <summary>The state after a list that is followed.</summary>
    private static ClusterState First(ClusterState state, ClusterList list, EarlierLists? earlier = null)
    {
        var missed = list.MissedBy(state, state, Guard, earlier ?? Confirmed);
        var followed = After(state, missed.Changes);
        var record = ClusterHistory.Of(followed).After(missed.Complete, list);
        return record is null ? followed : After(followed, [new Applied(record)]);
    }

    private static ClusterState After(ClusterState state, IEnumerable<ResourceChange> changes) =>
        changes.Aggregate(state, (now, change) => now.Apply([change], Happenings.At).State);

    /// <summary>The objects are those that the changes leave. A newer version that says the same is no news.</summary>
    private static void Same(ResourceChange[] expected, ClusterState actual) => Assert.Equal(
        expected.Final().Resources.Values.Select(Content).Order(),
        actual.Resources.Values.Where(one => !ResourceKinds.IsOwn(one.Kind)).Select(Content).Order());

    private static string Content(Resource one)
    {
        var unversioned = one with { Metadata = one.Metadata with { ResourceVersion = "1" } };
        return one.Key + JsonSerializer.Serialize(unversioned, ResourceKinds.Of(one.Kind).Json);
    }

    private static void Equal(ClusterState expected, ClusterState actual) => Assert.Equal(Versions(expected), Versions(actual));

    private static IEnumerable<string> Versions(ClusterState state) =>
        state.Tombstones.Select(pair => $"no {pair.Key} {pair.Value.ResourceVersion}")
            .Concat(state.Resources.Values.Select(one => $"{one.Key} {one.Metadata.ResourceVersion}"))
            .Order();
}
