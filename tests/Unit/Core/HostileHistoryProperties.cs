using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// Whatever somebody says who can send events, of any kind, at any version, at any moment: truthful lists bring the state back to the cluster's,
/// and between two lists no more goes than the guard lets go.
/// </summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 200)]
public class HostileHistoryProperties
{
    // Small enough for small clusters to meet it.
    private static readonly MassDeletionLimits Guard = new(0.5, 2);

    private static readonly ImmutableArray<ResourceKind> Kinds = [.. ResourceKinds.All.Select(entry => entry.Kind)];

    private static readonly EventOrigin Event = new(null, default);

    [Property]
    public void Truthful_lists_end_in_the_clusters_state(Happening[] log, Happening[] lies, DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var truth = log.Changes();
        var hostile = Hostile(lies, truth.Length, random);
        var known = new Follower();
        known.Tell(Mixed(truth.Where(_ => random.Next(4) > 0), hostile[..(hostile.Length / 3)], random));

        // A list somewhere on the way, during which both go on; then more of both.
        var at = random.Next(truth.Length + 1);
        known.List(List(truth[..at], at + 1), () => known.Tell(Mixed(truth[at..], hostile[(hostile.Length / 3)..(hostile.Length / 2)], random)));
        known.Tell(Mixed(truth, hostile[(hostile.Length / 2)..], random));

        // The end: the cluster stands still. What is rejected for one reason is followed by the next list, and what that finds then by the one after it.
        var list = List(truth, truth.Length + 1);
        var lists = 1;
        while (!known.List(list, () => { }).Suspects.IsEmpty && lists < 3)
            lists++;
        Assert.True(lists < 3, "a third list in a row is rejected");
        Assert.Equal(Contents(truth.Final()), Contents(known.State));
        Assert.All(known.State.Tombstones.Values, one => Assert.True(ResourceVersion.Compare(one.ResourceVersion, $"{truth.Length + 1}") <= 0));

        // And what happens from then on is followed, by every start from the journal too.
        var more = log.Changes(truth.Length + 2);
        known.Tell(more);
        Assert.Equal(known.State.Resources.Keys.ToHashSet(), known.Replayed().Resources.Keys.ToHashSet());
        Assert.Equal(Contents(known.State), Contents(known.Replayed()));
    }

    [Property]
    public void Between_two_lists_events_take_no_more_away_than_the_guard_lets_go(Happening[] log, Happening[] lies, DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var truth = log.Changes();
        var known = new Follower();
        var list = List(truth, truth.Length + 1);
        known.List(list, () => { });
        foreach (var change in Hostile(lies, truth.Length, random).Concat(list.Resources.Select(one => new Deleted(one.Key, "1000") { Origin = Event })))
            known.Tell([change]);
        foreach (var kind in Kinds)
        {
            var listed = list.Resources.Where(one => one.Kind == kind).Select(one => one.Key).ToArray();
            var gone = listed.Count(key => !known.State.Resources.ContainsKey(key));
            Assert.False(Guard.AreReached(gone, listed.Length), $"{gone} of {listed.Length} {kind} are gone");
        }

        // The list decides, and all that was asked for is settled with it.
        known.List(list, () => { });
        known.List(list, () => { });
        Assert.Equal(Contents(truth.Final()), Contents(known.State));
        Assert.Empty(known.Guard.Held);
        Assert.DoesNotContain(Kinds, known.Guard.IsOpen);
    }

    /// <summary>Events of somebody who knows the cluster: any object, its deletion, a forged Pod, at any version.</summary>
    private static ResourceChange[] Hostile(Happening[] lies, int length, Random random) =>
    [
        .. lies.SelectMany<Happening, ResourceChange>(lie =>
        {
            var version = random.Next(4) switch
            {
                0 => "99999999999999999999999",
                1 => $"{1_000_000 + random.Next(1000)}",
                _ => $"{1 + random.Next(length + 3)}",
            };
            var resource = lie.Resource with { Metadata = lie.Resource.Metadata with { ResourceVersion = version } };
            return
            [
                random.Next(2) == 0 ? new Deleted(resource.Key, version) { Origin = Event } : new Applied(resource) { Origin = Event },
                .. random.Next(3) == 0 ? new[] { new Applied(ForgedPod(random.Next(5), version)) { Origin = Event } } : [],
            ];
        }),
    ];

    private static Pod ForgedPod(int number, string version) => new()
    {
        Metadata = new() { Name = $"proxy-{number}", Namespace = "ingress-reconciler", ResourceVersion = version, Labels = new(ProxyPods.Default.Labels) },
        Spec = new() { Containers = [new("haproxy", [new("admin", 9443, null)])] },
        Status = new() { Phase = "Running", PodIP = "203.0.113.66" },
    };

    private static ResourceChange[] Mixed(IEnumerable<ResourceChange> truth, IEnumerable<ResourceChange> lies, Random random)
    {
        ResourceChange[] all = [.. truth.Select(change => change with { Origin = Event }), .. lies];
        random.Shuffle(all);
        return all;
    }

    /// <summary>What a list of every kind gives after changes, at a version.</summary>
    private static ClusterList List(ResourceChange[] changes, int version) => new(
        [.. changes.Final().Resources.Values],
        Kinds.ToImmutableDictionary(kind => kind, _ => version.ToString(CultureInfo.InvariantCulture)));

    private static IEnumerable<string> Contents(ClusterState state) => state.Resources.Values
        .Where(one => !ResourceKinds.IsOwn(one.Kind))
        .Select(one => one with { Metadata = one.Metadata with { ResourceVersion = "1" } })
        .Select(one => one.Key + JsonSerializer.Serialize(one, ResourceKinds.Of(one.Kind).Json))
        .Order(StringComparer.Ordinal);

    /// <summary>An instance without the world around it: what it journals, and what it knows.</summary>
    private sealed class Follower
    {
        private readonly List<ResourceChange> journal = [];
        private EarlierLists earlier = EarlierLists.None;

        public ClusterState State { get; private set; } = ClusterState.Empty;

        public DeletionGuard Guard { get; private set; } = new(HostileHistoryProperties.Guard);

        public void Tell(IEnumerable<ResourceChange> changes)
        {
            foreach (var batch in changes.Chunk(3))
            {
                var (admitted, next) = Guard.Admit([.. batch], State);
                var before = State;
                journal.AddRange(admitted);
                State = State.Apply(admitted, Happenings.At).State;
                Guard = next.After(admitted, before, State);
            }
        }

        public MissedChanges List(ClusterList list, Action meanwhile)
        {
            var before = State;
            meanwhile();
            var missed = list.MissedBy(before, State, HostileHistoryProperties.Guard, earlier);
            Tell(missed.Changes);
            if (ClusterHistory.Of(State).After(missed.Complete, list, Guard.IsOpen) is { } record)
                Tell([new Applied(record)]);
            earlier = new(missed.Suspects, list.Kinds);
            return missed;
        }

        public ClusterState Replayed() => ClusterState.Empty.Apply(journal, Happenings.At).State;
    }
}
