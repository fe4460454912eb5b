using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Tests.Unit.Core;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>
/// A release that does not know some kinds reads the journal, writes snapshots and starts again from them; then one that knows all takes
/// over. It has the state that it would have, had it read the whole journal itself.
/// </summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 150)]
public class MixedReleaseProperties
{
    private static readonly string[] Kinds = ["Ingress", "EndpointSlice"];

    [Property]
    public void A_later_release_finds_all_that_it_wrote_in_snapshots_of_an_earlier_one(Happening[] log, DoNotSize<int> seed, byte starts)
    {
        var random = new Random(seed.Item);
        ResourceChange[] changes = [.. log.Changes().Select(ReadFields.Only)];
        changes = [.. changes.Concat(changes.Where(_ => random.Next(2) == 0))];
        if (random.Next(2) == 0)
            random.Shuffle(changes);
        for (var i = 0; i < changes.Length; i++)
            changes[i] = Turned(changes[i], random);
        var batches = changes.Chunk(3).Select(some => new JournalBatch("one", Happenings.At, [.. some])).ToArray();
        var expected = ClusterState.Empty.Apply(batches);

        // The release that lacks the kinds.
        var (state, kept) = (ClusterState.Empty, UnknownObjects.None);
        foreach (var some in batches.Chunk(1 + (starts % 8)))
        {
            foreach (var batch in some)
                (state, kept) = After(state, kept, Renamed(batch.ToBytes(), back: false));
            var snapshot = ClusterSnapshot.Lines(state, Happenings.At, kept).ToArray();
            var (started, found) = (ClusterState.Empty, UnknownObjects.None);
            foreach (var line in snapshot)
                (started, found) = After(started, found, line);
            Assert.Equal(Texts(kept), Texts(found));
            Assert.Equal(Texts(state), Texts(started));
            (state, kept) = (started, found);
        }

        Assert.DoesNotContain(state.Resources.Keys, key => Kinds.Contains($"{key.Kind}"));

        // The release that has them takes over.
        var back = ClusterState.Empty.Apply(
            ClusterSnapshot.Lines(state, Happenings.At, kept).Select(line => JournalReading.Read(Renamed(line, back: true))));
        Assert.Equal(Texts(expected), Texts(back));
    }

    private static (ClusterState State, UnknownObjects Kept) After(ClusterState state, UnknownObjects kept, byte[] line)
    {
        var batch = JournalReading.Read(line);
        Assert.Equal(0, batch.Skipped);
        return (state.Apply([batch]), kept.After(batch));
    }

    /// <summary>Some prove an earlier deletion wrong, or what was known.</summary>
    private static ResourceChange Turned(ResourceChange change, Random random)
    {
        if (change is Applied applied && random.Next(4) == 0)
            change = applied with { SeenAt = $"{random.Next(1, 20)}" };
        return random.Next(6) == 0 ? change with { Replaces = $"{random.Next(1, 20)}" } : change;
    }

    /// <summary>A line whose objects of some kinds have other ones, with its sum.</summary>
    private static byte[] Renamed(byte[] line, bool back)
    {
        var text = JournalText.Open(line);
        foreach (var kind in Kinds)
        {
            var (from, to) = back ? ($"Later{kind}", kind) : (kind, $"Later{kind}");
            text = text.Replace($$"""{"kind":"{{from}}",""", $$"""{"kind":"{{to}}",""", StringComparison.Ordinal);
        }

        return JournalText.Line(text);
    }

    private static IEnumerable<string> Texts(UnknownObjects kept) => kept.Batches(Happenings.At, 500)
        .SelectMany(batch => batch.Unknown.Select(one => $"{batch.At} {batch.Format} {Encoding.UTF8.GetString(one.Json.Span)}"))
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> Texts(ClusterState state) => state.Tombstones
        .Select(pair => $"{pair.Key} {pair.Value}")
        .Concat(state.Resources.Values.Select(one => $"{one.Key} {JsonSerializer.Serialize(one, ResourceKinds.Of(one.Kind).Json)}"))
        .Order(StringComparer.Ordinal);
}
