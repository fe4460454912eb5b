using System.IO.Compression;
using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Tests.Harness.Fuzz;
using IngressReconciler.Tests.Unit.Core;
using Xunit;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>
/// Damaged bytes of the journal, or of a snapshot, are told, or mean what was written: they are never read as something else.
/// </summary>
public sealed class JournalFuzz
{
    private const int Most = 1 << 20;

    private const string Later =
        """{"kind":"HTTPRoute","applied":{"spec":{"é":[1,{"x":null}]},"metadata":{"name":"r","namespace":"shop","resourceVersion":"7"}}}""";

    /// <summary>
    /// Objects in one order, which is the state's own affair, so that a seed means the same in every process. The first line is of a later
    /// release.
    /// </summary>
    private static readonly byte[][] Lines =
    [
        .. ClusterSnapshot.Lines(State(), DateTimeOffset.UnixEpoch, Kept()).Select(line => JournalBatch.Parse(line)).Select(batch =>
            (batch with { Changes = [.. batch.Changes.OrderBy(change => change.Key, ResourceKey.Order)] }).ToBytes()),
    ];

    private static readonly HashSet<string> Written = [.. Lines.Select(line => Encoding.UTF8.GetString(line))];

    [Fact]
    public void A_line_is_read_as_it_was_written_or_refused() =>
        FuzzRun.Run("tests/Unit/Fuzz/corpus/journal", [.. Lines, .. Lines.Select(OfAnEarlierRelease)], 3_000, input =>
        {
            if (Read(input) is { } batch && JournalBatch.HasSum(input))
                Assert.Contains(Encoding.UTF8.GetString(batch.ToBytes()), Written);
        });

    [Fact]
    public void A_line_is_refused_whose_sum_is_damaged_in_any_byte()
    {
        foreach (var line in Lines)
        {
            for (var at = 2; at <= 19; at++)
            {
                foreach (var damage in new[] { 0x01, 0x02, 0x20 })
                {
                    var damaged = line.ToArray();
                    damaged[^at] ^= (byte)damage;
                    Assert.True(Read(damaged) is null, Encoding.UTF8.GetString(damaged));
                }
            }
        }
    }

    [Fact]
    public async Task A_snapshot_is_refused_of_which_a_line_has_lost_its_sum()
    {
        Assert.Equal(Lines.Length, (await UnpackedAsync(Packed(Lines)))!.Count);
        for (var at = 0; at < Lines.Length; at++)
        {
            byte[][] lines = [.. Lines[..at], OfAnEarlierRelease(Lines[at]), .. Lines[(at + 1)..]];
            Assert.Null(await UnpackedAsync(Packed(lines)));
        }

        // Of a release that wrote no sums, which has neither the end nor what this one does not know.
        Assert.Equal(Lines.Length - 2, (await UnpackedAsync(Packed([.. Lines[1..^1].Select(OfAnEarlierRelease)])))!.Count);
        Assert.Null(await UnpackedAsync(Packed([.. Lines[..^1].Select(OfAnEarlierRelease)])));
    }

    [Fact]
    public async Task A_snapshot_is_read_as_it_was_written_or_refused() =>
        await FuzzRun.RunAsync("tests/Unit/Fuzz/corpus/snapshot", [Packed(Lines), Packed([new byte[Most + 1]])], 2_000, async input =>
        {
            if (await UnpackedAsync(input) is { Count: > 0 } lines && lines[^1].Contains("\"id\":\"end\"", StringComparison.Ordinal))
                Assert.Equal(Lines.Select(line => Encoding.UTF8.GetString(line)), lines);
        });

    [Fact]
    public async Task A_snapshot_that_ends_early_is_refused_unless_all_of_it_is_there()
    {
        var packed = Packed(Lines);
        var refused = 0;
        for (var length = 0; length < packed.Length; length++)
        {
            if (await UnpackedAsync(packed[..length]) is { } lines)
                Assert.Equal(Lines.Length, lines.Count);
            else
                refused++;
        }

        Assert.InRange(refused, packed.Length - 8, packed.Length);
        Assert.Equal(Lines.Length, (await UnpackedAsync(packed))!.Count);
    }

    /// <summary>The lines; null when they are refused as is documented.</summary>
    private static async Task<List<string>?> UnpackedAsync(byte[] packed)
    {
        var lines = new List<string>();
        try
        {
            await using var content = new BoundedStream(new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress), Most, "it");
            await foreach (var batch in SnapshotLines.ReadAsync(content, "it", CancellationToken.None))
                lines.Add(Encoding.UTF8.GetString(batch.ToBytes()));
            return lines;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static JournalBatch? Read(byte[] line)
    {
        try
        {
            return JournalReading.Read(line);
        }
        catch (JsonException)
        {
            return null; // as documented
        }
    }

    private static byte[] OfAnEarlierRelease(byte[] line) =>
        [.. "{"u8, .. line.AsSpan(0, line.Length - 19)[(line.AsSpan().IndexOf((byte)',') + 1)..], .. "}\n"u8];

    /// <summary>Packed so that each piece can be unpacked before the next is there.</summary>
    private static byte[] Packed(byte[][] pieces)
    {
        using var packed = new MemoryStream();
        using (var packer = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var piece in pieces)
            {
                packer.Write(piece);
                packer.Flush();
            }
        }

        return packed.ToArray();
    }

    private static UnknownObjects Kept() => UnknownObjects.None.After(JournalBatch.Parse(JournalText.Line(7, Later)));

    private static ClusterState State()
    {
        var state = ClusterState.Empty;
        foreach (var one in HostileJson.Objects().Select(one => Manifests.Resource(one, "7")))
            state = state.Apply([ReadFields.Only(new Applied(one))], DateTimeOffset.UnixEpoch).State;
        return state.Apply([new Deleted(new(ResourceKind.Service, "shop", "gone"), "8")], DateTimeOffset.UnixEpoch).State;
    }
}
