using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>A run of deletions by events that would take most of a kind away is held, and churn is not.</summary>
public sealed class DeletionGuardTests
{
    private const int Services = 20;

    private static readonly MassDeletionLimits Limits = new();

    private ClusterState state = ClusterState.Empty;
    private DeletionGuard guard = new(Limits);

    public DeletionGuardTests() => Follow(Services);

    [Fact]
    public void More_than_half_of_what_was_listed_does_not_go_by_events()
    {
        Tell(Enumerable.Range(0, 10).Select(Gone));
        Assert.Equal(10, Count);
        Tell([Gone(10)]);
        Assert.Equal(10, Count);
        Assert.Equal([Service(10).Key], guard.Held);
    }

    [Fact]
    public void A_batch_that_would_take_most_away_is_held_whole()
    {
        Tell([.. Enumerable.Range(0, 11).Select(Gone), new Applied(Service(50, "90")) { Origin = new(null, default) }]);
        Assert.Equal(Services + 1, Count); // what else it has is taken
        Assert.Equal(11, guard.Held.Count);
    }

    [Fact]
    public void Objects_that_are_made_up_first_do_not_make_room_for_deletions()
    {
        Tell(Enumerable.Range(100, 100).Select(i => new Applied(Service(i, "80")) { Origin = new(null, default) }));
        Tell(Enumerable.Range(0, 11).Select(Gone));
        Assert.Equal(11, guard.Held.Count);
    }

    [Fact]
    public void Churn_between_two_lists_is_not_held()
    {
        for (var i = 100; i < 200; i++)
        {
            Tell([new Applied(Service(i, "80")) { Origin = new(null, default) }]);
            Tell([Gone(i)]);
        }

        // One of the list that goes and comes again, as often as it likes.
        for (var i = 0; i < 40; i++)
            Tell([i % 2 == 0 ? GoneAt(0, 100 + i) : new Applied(Service(0, $"{100 + i}")) { Origin = new(null, default) }]);
        Assert.Equal(Services, Count);
        Assert.Empty(guard.Held);
    }

    [Fact]
    public void A_list_settles_what_is_held_and_counting_begins_anew()
    {
        Tell(Enumerable.Range(0, 11).Select(Gone));
        Assert.True(guard.IsOpen(ResourceKind.Service));
        Follow(Services); // it has them all
        Assert.False(guard.IsOpen(ResourceKind.Service));
        Assert.Empty(guard.Held);

        Tell(Enumerable.Range(0, 10).Select(Gone));
        Follow(Services, from: 10); // and this says that they are gone
        Assert.Equal(10, Count);
        Tell(Enumerable.Range(10, 5).Select(Gone));
        Assert.Equal(5, Count);
        Assert.Empty(guard.Held);
    }

    [Fact]
    public void What_was_gone_before_a_start_counts_after_it()
    {
        Tell(Enumerable.Range(0, 10).Select(Gone));
        guard = DeletionGuard.Of(state, Limits);
        Assert.True(guard.IsOpen(ResourceKind.Service));
        Tell([Gone(10)]);
        Assert.Equal(10, Count);
        Assert.Equal([Service(10).Key], guard.Held);
    }

    [Fact]
    public void A_list_is_under_its_own_guard_and_a_kind_that_was_never_listed_under_none()
    {
        Tell(Enumerable.Range(0, 15).Select(i => new Deleted(Service(i).Key, "90")));
        Assert.Equal(5, Count);
        Tell(Enumerable.Range(0, 20).Select(i => new Applied(Node(i)) { Origin = new(null, default) }));
        Tell(Enumerable.Range(0, 20).Select(i => new Deleted(Node(i).Key, "90") { Origin = new(null, default) }));
        Assert.Equal(0, state.Counts.GetValueOrDefault(ResourceKind.Node));
    }

    private int Count => state.Counts.GetValueOrDefault(ResourceKind.Service);

    private void Tell(IEnumerable<ResourceChange> changes)
    {
        var (admitted, next) = guard.Admit([.. changes], state);
        var before = state;
        state = state.Apply(admitted, Happenings.At).State;
        guard = next.After(admitted, before, state);
    }

    /// <summary>A list of Services is followed.</summary>
    private void Follow(int count, int from = 0)
    {
        var version = (int.Parse(ClusterHistory.Of(state).Metadata.ResourceVersion, CultureInfo.InvariantCulture) * 10) + 200;
        var list = new ClusterList(
            [.. Enumerable.Range(from, count - from).Select(i => Service(i))],
            ImmutableDictionary<ResourceKind, string>.Empty.Add(ResourceKind.Service, $"{version}"));
        var missed = list.MissedBy(state, state, Limits, EarlierLists.None with { Confirmed = true });
        Tell(missed.Changes);
        if (ClusterHistory.Of(state).After(missed.Complete, list, guard.IsOpen) is { } record)
            Tell([new Applied(record)]);
    }

    private static Deleted Gone(int number) => GoneAt(number, 90);

    private static Deleted GoneAt(int number, int version) => new(Service(number).Key, $"{version}") { Origin = new(null, default) };

    private static Service Service(int number, string version = "10") =>
        new() { Metadata = new() { Name = $"s{number}", Namespace = "shop", ResourceVersion = version } };

    private static Node Node(int number) => new() { Metadata = new() { Name = $"n{number}", ResourceVersion = "10" } };
}
