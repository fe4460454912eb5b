using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

public sealed class ManifestDiffTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly DateTimeOffset Written = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Only_what_changed_is_applied()
    {
        var first = Between(null, Now, Service("a", 80), Service("b", 80));
        var second = Between(first, Now.AddSeconds(1), Service("a", 80), Service("b", 81));

        Assert.Equal(["a", "b"], first.Applied.Select(one => one.Key.Name));
        Assert.Equal(["b"], second.Applied.Select(one => one.Key.Name));
        Assert.Empty(second.Deleted);
        Assert.Equal((1, 2), (Generation(Json(second, 0)), Generation(Json(second, 1))));
        Assert.Equal(Json(first, 0).ToJsonString(), Json(second, 0).ToJsonString());
    }

    [Fact]
    public void What_vanished_is_deleted_at_a_later_version_than_it_had()
    {
        var first = Between(null, Now, Service("a", 80), Service("b", 80));
        var second = Between(first, Now, Service("a", 80));

        var gone = Assert.Single(second.Deleted);
        Assert.Equal("b", Names([gone]).Single());
        Assert.True(Version(gone) > Version(Json(first, 1)));
        Assert.Equal(Uid(Json(first, 1)), (string?)gone["metadata"]!["uid"]);

        using var json = JsonDocument.Parse(ObjectEvents.Write(ClusterEvent.DeletedType, "local", gone, Now));
        Assert.True(ClusterEvent.TryRead(json.RootElement, out _, out var refusal), refusal);
    }

    [Fact]
    public void Versions_grow_even_when_the_clock_goes_back()
    {
        var first = Between(null, Now, Service("a", 80));
        var second = Between(first, Now.AddHours(-1), Service("a", 81));
        var third = Between(second, Now.AddHours(-1));
        var fourth = Between(third, Now.AddHours(-2), Service("a", 82));

        Assert.Equal(ManifestDiff.VersionAt(Now), Version(Json(first, 0)));
        long[] versions = [Version(Json(first, 0)), Version(Json(second, 0)), Version(third.Deleted[0]), Version(Json(fourth, 0))];
        Assert.Equal(versions.Order().Distinct(), versions);
    }

    [Fact]
    public void The_uid_is_the_manifests_or_one_that_never_changes()
    {
        var given = Service("a", 80, "uid: given");

        Assert.Equal("given", Uid(Json(Between(null, Now, given), 0)));
        Assert.Equal(Uid(Json(Between(null, Now, Service("a", 80)), 0)), Uid(Json(Between(null, Now.AddDays(1), Service("a", 81)), 0)));
        Assert.NotEqual(Uid(Json(Between(null, Now, Service("a", 80)), 0)), Uid(Json(Between(null, Now, Service("b", 80)), 0)));
        Assert.True(Guid.TryParse(Uid(Json(Between(null, Now, Service("a", 80)), 0)), out _));
    }

    [Fact]
    public void The_creation_time_is_the_files_at_first_sight_and_stays()
    {
        var first = Between(null, Now, Service("a", 80));
        var touched = Between(first, Now, Service("a", 81) with { Written = Now });

        Assert.Equal("2025-01-01T00:00:00Z", Created(Json(first, 0)));
        Assert.Equal("2025-01-01T00:00:00Z", Created(Json(touched, 0)));
        Assert.Equal("2025-01-01T00:00:00Z", Created(Json(Between(null, Now.AddYears(1), Service("a", 80)), 0)));
    }

    [Fact]
    public void A_stated_creation_time_wins_and_a_stated_version_is_passed_over()
    {
        var stated = Service("a", 80, "creationTimestamp: 2020-05-05T05:05:05Z, resourceVersion: '99999999999999999999'");

        var diff = Between(null, Now, stated);

        Assert.Equal("2020-05-05T05:05:05Z", Created(Json(diff, 0)));
        Assert.Equal(ManifestDiff.VersionAt(Now), Version(Json(diff, 0)));
    }

    [Fact]
    public void What_is_listed_is_what_is_published()
    {
        var diff = Between(null, Now, Service("a", 80));
        using var json = JsonDocument.Parse(Json(diff, 0).ToJsonString());

        Assert.True(ClusterEvent.TryReadObject(json.RootElement, out var published, out var refusal), refusal);
        var listed = diff.Objects[0].ToResource(diff.Entries[diff.Objects[0].Key]);
        Assert.Equal(published.Metadata with { Labels = null }, listed.Metadata with { Labels = null });
        Assert.Equal(published.Key, listed.Key);
    }

    [Fact]
    public void The_index_gives_back_what_was_saved()
    {
        var file = Path.Combine(Path.GetTempPath(), $"index-{Guid.NewGuid():N}", "index.json");
        try
        {
            var diff = Between(null, Now, Service("a", 80), Service("b", 80));
            new ManifestIndex(diff.Entries, diff.Highest).Save(file);
            var loaded = ManifestIndex.Load(file);

            Assert.Equal(diff.Highest, loaded.Highest);
            Assert.Equal(diff.Entries, loaded.Entries);
            File.WriteAllText(file, "{\"objects\":[{}]}");
            Assert.Same(ManifestIndex.Empty, ManifestIndex.Load(file));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    private static ManifestDiff Between(ManifestDiff? before, DateTimeOffset now, params ManifestObject[] objects) =>
        ManifestDiff.Between(before?.Entries ?? new Dictionary<ResourceKey, ManifestEntry>(), before?.Highest ?? 0, objects, now);

    private static ManifestObject Service(string name, int port, string metadata = "labels: {}") => Assert.Single(ManifestFile.Read(
        "f.yaml",
        $"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, {metadata}}}\nspec: {{ports: [{{port: {port}}}]}}\n",
        Written,
        ManifestFile.Empty).Objects);

    private static JsonObject Json(ManifestDiff diff, int at) => diff.ToJson(diff.Objects[at]);

    private static IEnumerable<string?> Names(IEnumerable<JsonObject> objects) => objects.Select(one => (string?)one["metadata"]!["name"]);

    private static string? Uid(JsonObject one) => (string?)one["metadata"]!["uid"];

    private static string? Created(JsonObject one) => (string?)one["metadata"]!["creationTimestamp"];

    private static long Version(JsonObject one) => long.Parse((string)one["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture);

    private static long Generation(JsonObject one) => (long)one["metadata"]!["generation"]!;
}
