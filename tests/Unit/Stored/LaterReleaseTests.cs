using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Reconciliation;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>What a later release writes to the journal is read, kept and told; what is damaged is refused.</summary>
public sealed class LaterReleaseTests
{
    private const string Known =
        """{"kind":"Service","applied":{"later":{"a":[1]},"metadata":{"name":"web","namespace":"shop","resourceVersion":"5"}}}""";

    private const string Route =
        """{"kind":"HTTPRoute","applied":{"spec":{"é":[1,{"x":null}]},"metadata":{"name":"r","resourceVersion":"7"}}}""";

    /// <summary>What a later release may write in place of a change, and whether it names its object.</summary>
    public static TheoryData<string, bool> Novelties => new()
    {
        { Route, true },
        { """{"kind":"HTTPRoute","deleted":{"namespace":"shop","name":"r","resourceVersion":"7"},"later":1}""", true },
        { """{"kind":"ProxyProtocol","applied":{"spec":{"send":"V3"},"metadata":{"name":"edge","resourceVersion":"9"}}}""", true },
        { """{"kind":"HTTPRoute","patched":{}}""", false },
        { """{"kind":"Service","patched":{}}""", false },
        { """{"kind":"Service","applied":null}""", false },
        { """{"kind":"\ud800","applied":{"metadata":{"name":"r","resourceVersion":"7"}}}""", false },
        { """{"kind":{"later":1}}""", false },
        { """{"patched":1}""", false },
        { "7", false },
    };

    [Theory]
    [MemberData(nameof(Novelties))]
    public void A_change_of_a_later_release_holds_up_nothing_and_is_kept_as_it_came(string change, bool isNamed)
    {
        var batch = JournalReading.Read(JournalText.Line(7, change, Known));
        Assert.Equal(["Service shop/web"], batch.Changes.Select(one => $"{one.Key}"));
        Assert.Equal(isNamed ? [change] : [], batch.Unknown.Select(one => Encoding.UTF8.GetString(one.Json.Span)));
        Assert.Equal((7, isNamed ? 0 : 1), (batch.Format, batch.Skipped));
        Assert.Equal(isNamed, JournalReading.Read(batch.ToBytes()).Unknown.Length == 1);
    }

    [Theory]
    [MemberData(nameof(Novelties))]
    public void The_same_without_a_sum_or_with_a_wrong_one_is_damage(string change, bool _)
    {
        var line = JournalText.Line(7, change);
        var unsummed = Encoding.UTF8.GetBytes(JournalText.Open(line) + "}\n");
        Assert.Throws<JsonException>(() => JournalReading.Read(unsummed));
        line[^21] ^= 1;
        Assert.Throws<JsonException>(() => JournalReading.Read(line));
    }

    [Theory]
    [InlineData("""{"format":7,"mark":{"a":1}""")]
    [InlineData("""{"format":7,"id":"x","at":"2026-11-28T08:00:00+00:00","changes":{}""")]
    [InlineData("""{"format":"seven","id":7,"at":"2026-11-28T08:00:00+00:00","changes":[]""")]
    [InlineData("""{"format":7,"id":"x","at":"tomorrow","changes":[]""")]
    public void A_line_of_a_later_release_that_is_no_batch_is_skipped_and_counted(string open)
    {
        var batch = JournalReading.Read(JournalText.Line(open));
        Assert.Equal((0, 0, 1), (batch.Changes.Length, batch.Unknown.Length, batch.Skipped));
    }

    [Fact]
    public void A_line_has_the_number_of_its_format()
    {
        var line = Encoding.UTF8.GetString(new JournalBatch("one", default, []).ToBytes());
        Assert.StartsWith("{\"format\":1,\"id\":\"one\",", line, StringComparison.Ordinal);
        Assert.Equal(0, JournalReading.Read(UnnumberedTests.Lines(UnnumberedTests.Bytes("journal"))[0]).Format);
    }

    [Fact]
    public void What_is_kept_stands_in_the_next_snapshot_in_lines_of_its_own_format()
    {
        var kept = After(UnknownObjects.None, 7, Route, Known);
        var lines = ClusterSnapshot.Lines(ClusterState.Empty, DateTimeOffset.UnixEpoch, kept).ToArray();
        Assert.StartsWith("{\"format\":7,", Encoding.UTF8.GetString(lines[0]), StringComparison.Ordinal);
        var back = lines.Select(line => JournalReading.Read(line)).Aggregate(UnknownObjects.None, (now, batch) => now.After(batch));
        Assert.Equal(Route, Encoding.UTF8.GetString(Assert.Single(back.Objects).Json.Span));
        Assert.Equal(kept.Sentence, back.Sentence);
    }

    [Fact]
    public void The_newest_version_of_each_is_kept_and_a_deletion_as_long_as_any()
    {
        var kept = After(
            UnknownObjects.None,
            7,
            Applied("a", 5), Applied("b", 5), Applied("c", 5), Applied("a", 10), Applied("a", 7), Deleted("b", 6), Applied("b", 5));
        Assert.Equal(["a 10", "c 5"], kept.Objects.Select(one => $"{one.Key.Name} {one.ResourceVersion}").Order());
        Assert.Same(kept, After(kept, 7, Applied("a", 10), Applied("b", 6)));
        Assert.Equal(3, Count(DateTimeOffset.Parse("2026-11-29T08:59:00Z", CultureInfo.InvariantCulture)));
        Assert.Equal(2, Count(DateTimeOffset.Parse("2026-11-29T09:01:00Z", CultureInfo.InvariantCulture)));

        int Count(DateTimeOffset now) => kept.Batches(now, 500).Sum(batch => batch.Unknown.Length);
    }

    [Fact]
    public void A_form_of_a_known_object_that_is_not_read_is_kept_until_one_comes_that_is()
    {
        const string later =
            """{"kind":"ProxyProtocol","applied":{"spec":{"send":"V3"},"metadata":{"name":"edge","resourceVersion":"9"}}}""";
        var kept = After(UnknownObjects.None, 7, later);
        Assert.Single(kept.Objects);
        var read = later.Replace("V3", "V1", StringComparison.Ordinal);
        Assert.Single(After(kept, 7, read).Objects); // of equal versions the first
        Assert.Empty(After(kept, 7, read.Replace("\"9\"", "\"10\"", StringComparison.Ordinal)).Objects);
    }

    [Theory]
    [InlineData("""{"kind":"ProxyProtocol","applied":{"spec":{"send":"V2","later":[1]},""", "edge")]
    [InlineData("""{"kind":"ClusterHistory","applied":{"listed":{"Later":"u"},"counted":{},""", "lists")]
    public void Fields_that_a_later_release_added_to_our_own_objects_are_written_as_they_came(string open, string name)
    {
        var change = $"{open}\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"\",\"uid\":\"\",\"resourceVersion\":\"9\"}},"
            + "\"later\":{\"a\":null}}}";
        var state = ClusterState.Empty.Apply([JournalReading.Read(JournalText.Line(7, change))]);
        var line = ClusterSnapshot.Lines(state, DateTimeOffset.UnixEpoch).First();
        Assert.Contains(change, Encoding.UTF8.GetString(line), StringComparison.Ordinal);
        if (ClusterHistory.Of(state).After([ResourceKind.Node], new([], ImmutableDictionary<ResourceKind, string>.Empty)) is { } next)
            Assert.Equal(ClusterHistory.Of(state).Unknown is null, next.Unknown is null);
    }

    [Fact]
    public void One_sentence_says_all_of_it()
    {
        Assert.Null(UnknownObjects.None.Sentence);
        Assert.Null(After(UnknownObjects.None, JournalBatch.Newest, Known).Sentence);
        Assert.Equal(
            "a later release wrote to the journal (format 7, here it is 1): 2 objects of kind 'GRPCRoute', 1 objects of kind 'HTTPRoute' "
            + "have no effect here, and are kept for it; 1 entries of an unknown form were skipped; "
            + "fields that it has added to other objects are not read",
            After(UnknownObjects.None, 7, Route, Applied("a", 1), Applied("b", 2), "7").Sentence);
        Assert.Equal(
            "a later release wrote to the journal (format 7, here it is 1): fields that it has added to other objects are not read",
            After(UnknownObjects.None, 7, Known).Sentence);
        Assert.Equal(
            "another release wrote to the journal (format 1, here it is 1): 1 objects of kind 'HTTPRoute' "
            + "have no effect here, and are kept for it",
            After(UnknownObjects.None, 1, Route).Sentence);
    }

    private static string Applied(string name, int version) =>
        $$"""{"kind":"GRPCRoute","applied":{"metadata": {{Named(name, version)}} } }""";

    private static string Deleted(string name, int version) => $$"""{"kind":"GRPCRoute","deleted": {{Named(name, version)}} }""";

    private static string Named(string name, int version) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"name":"{{name}}","namespace":"shop","resourceVersion":"{{version}}"}""");

    private static UnknownObjects After(UnknownObjects kept, int format, params string[] changes) =>
        kept.After(JournalReading.Read(JournalText.Line(format, changes)));
}
