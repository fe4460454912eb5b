using System.IO.Compression;
using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Reconciliation;
using IngressReconciler.Tests.Unit.Core;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>
/// What the last release without format numbers wrote is read to the letter. Its files are in the folder <c>unnumbered</c>; they are
/// never written anew.
/// </summary>
public sealed class UnnumberedTests
{
    [Fact]
    public void Its_journal_is_read_to_the_letter()
    {
        var lines = Lines(Bytes("journal"));
        Assert.Equal(3, lines.Length);
        foreach (var line in lines)
        {
            Assert.True(JournalBatch.HasSum(line));
            Assert.Equal(Encoding.UTF8.GetString(line), Encoding.UTF8.GetString(JournalReading.Read(line).ToBytes()));
        }

        var state = State();
        Assert.Equal(Enum.GetValues<ResourceKind>(), state.Resources.Keys.Select(key => key.Kind).Distinct().Order());
        Assert.Equal(
            ["Ingress shop/other 33", "Node n2 31", "Service shop/gone 30"],
            state.Tombstones.Select(pair => $"{pair.Key} {pair.Value.ResourceVersion}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Its_snapshot_gives_back_the_state_of_its_journal()
    {
        var state = ClusterState.Empty;
        await using (var content = new BrotliStream(new MemoryStream(Bytes("snapshot")), CompressionMode.Decompress))
        {
            await foreach (var batch in SnapshotLines.ReadAsync(content, "it", TestContext.Current.CancellationToken))
                state = state.Apply([batch]);
        }

        Assert.Equal(Texts(State()), Texts(state));
    }

    [Fact]
    public void Its_versions_and_their_head_are_read_to_the_letter_and_have_their_hashes()
    {
        var (one, two) = (Version("version-1"), Version("version-2"));
        var before = one.Model(null);
        Assert.Equal(one.Hash, ModelHash.Of(before).Text);
        Assert.Equal(two.Hash, ModelHash.Of(two.Model(before)).Text);
        Assert.Equal(3, before.Hosts.Values.SelectMany(host => host.Routes).SelectMany(route => route.Filters).Count());
        var head = JsonSerializer.Deserialize(Bytes("head"), VersionJson.Default.VersionHead)!;
        Assert.Equal((2, two.Hash, 1), (head.Version, head.Hash, head.SinceFull));
        Assert.Equal(Text("head"), JsonSerializer.Serialize(head, VersionJson.Default.VersionHead));
    }

    /// <summary>The state that the journal makes.</summary>
    internal static ClusterState State() => ClusterState.Empty.Apply(Lines(Bytes("journal")).Select(line => JournalReading.Read(line)));

    internal static byte[] Bytes(string name, string format = "unnumbered") =>
        File.ReadAllBytes(Path.Combine(Golden.Folder("Stored"), format, name));

    private static string Text(string name) => Encoding.UTF8.GetString(Bytes(name));

    /// <summary>A version, which is written as it was.</summary>
    private static ConfigVersion Version(string name)
    {
        var version = JsonSerializer.Deserialize(Bytes(name), VersionJson.Default.ConfigVersion)!;
        Assert.Equal(Text(name), JsonSerializer.Serialize(version, VersionJson.Default.ConfigVersion));
        return version;
    }

    private static IEnumerable<string> Texts(ClusterState state) => state.Tombstones
        .Select(pair => $"{pair.Key} {pair.Value}")
        .Concat(state.Resources.Values.Select(one => $"{one.Key} {JsonSerializer.Serialize(one, ResourceKinds.Of(one.Kind).Json)}"))
        .Order(StringComparer.Ordinal);

    internal static byte[][] Lines(byte[] content)
    {
        var lines = new List<byte[]>();
        for (var rest = content.AsSpan(); rest.IndexOf((byte)'\n') is >= 0 and var end; rest = rest[(end + 1)..])
            lines.Add(rest[..(end + 1)].ToArray());
        return [.. lines];
    }
}
