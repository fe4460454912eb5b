using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace IngressReconciler.Cluster;

/// <summary>
/// One batch of accepted changes as it stands in the journal and, many of them, in a snapshot: one line of JSON,
/// <c>{"format":…,"id":…,"at":…,"changes":[{"kind":…,"replaces"?:…,"applied":{object},"seenAt"?:…}|</c>
/// <c>{"kind":…,"replaces"?:…,"deleted":{"namespace","name","resourceVersion"}},…],"crc":…}</c>. The sum over all that stands before it
/// tells a damaged line from one that says something else.
/// </summary>
/// <remarks>
/// <para>
/// Releases read each other's lines. Whatever a line with the right sum says, it is no damage: a change whose kind or whose object is not
/// read here is in <see cref="Unknown"/>, as it came; one that does not even name its object, and a line without changes, only count in
/// <see cref="Skipped"/>; other fields are passed over. The number of the format decides nothing of that.
/// </para>
/// <para>
/// So a later release may add kinds, fields and lines with something else than changes, each with its sum and a larger number. It must
/// leave the meaning of what there is, and how a change names its object: <c>applied.metadata</c>, or <c>deleted</c>.
/// </para>
/// </remarks>
/// <param name="Id">Unique; lets a writer recognise its own line.</param>
/// <param name="At">When it was written.</param>
/// <param name="Changes">The changes, in order.</param>
public sealed record JournalBatch(string Id, DateTimeOffset At, ImmutableArray<ResourceChange> Changes)
{
    /// <summary>The format that is written; it grows with every kind and field that is added. The first had no number.</summary>
    public const int Newest = 1;

    private const int SumLength = 18;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 2 * ClusterEvent.MostDeep };

    private static ReadOnlySpan<byte> SumName => ",\"crc\":\""u8;

    /// <summary>The format that it was written in; 0 for one without a number.</summary>
    public int Format { get; init; } = Newest;

    /// <summary>Changes of objects that this release does not read.</summary>
    public ImmutableArray<UnknownChange> Unknown { get; init; } = [];

    /// <summary>What of it has a form that this release does not know, and is left out.</summary>
    public int Skipped { get; init; }

    /// <summary>The line in UTF-8, with its line feed.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Format > 0)
                json.WriteNumber("format", Format);
            json.WriteString("id", Id);
            json.WriteString("at", At);
            json.WriteStartArray("changes");
            foreach (var change in Changes)
                Write(json, change);
            foreach (var change in Unknown)
                json.WriteRawValue(change.Json.Span, skipInputValidation: true);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        var content = buffer.WrittenSpan[..^1];
        return [.. content, .. SumOf(content), .. "\"}\n"u8];
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote, of this release or another.</summary>
    /// <exception cref="JsonException">The line is not one of ours: the journal is damaged.</exception>
    public static JournalBatch Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            CheckSum(line.Span);
            using var json = JsonDocument.Parse(line, Reading);
            return new JournalReader(json.RootElement, isSummed: HasSum(line.Span)).Read();
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException($"not a journal line: {Shown(line.Span)}", e);
        }
    }

    /// <summary>
    /// Whether a line, with or without its line feed, must have a sum: those of earlier releases, which have none, end with their changes.
    /// </summary>
    public static bool HasSum(ReadOnlySpan<byte> line) => !line.TrimEnd((byte)'\n').EndsWith("]}"u8);

    /// <summary>A line without a sum is taken as it is.</summary>
    private static void CheckSum(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)'\n');
        if (HasSum(line) && (line.Length < SumLength || !line[^SumLength..^2].SequenceEqual(SumOf(line[..^SumLength]))))
            throw new JsonException($"a journal line is damaged: its sum is not that of its content, {Shown(line)}");
    }

    /// <summary>The last property of a line up to its digits: CRC-32C of all that stands before.</summary>
    private static byte[] SumOf(ReadOnlySpan<byte> content)
    {
        var sum = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(content);
        foreach (var word in words)
            sum = BitOperations.Crc32C(sum, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (var one in content[(words.Length * sizeof(ulong))..])
            sum = BitOperations.Crc32C(sum, one);
        return [.. SumName, .. Encoding.ASCII.GetBytes((~sum).ToString("x8", CultureInfo.InvariantCulture))];
    }

    private static string Shown(ReadOnlySpan<byte> line) =>
        KubernetesName.Show(Encoding.UTF8.GetString(line[..Math.Min(200, line.Length)]));

    private static void Write(Utf8JsonWriter json, ResourceChange change)
    {
        json.WriteStartObject();
        json.WriteString("kind", change.Key.Kind.ToString());
        if (change.Replaces is { } replaced)
            json.WriteString("replaces", replaced);
        if (change is Applied { Resource: var resource, SeenAt: var seenAt })
        {
            if (seenAt is not null)
                json.WriteString("seenAt", seenAt);
            json.WritePropertyName("applied");
            JsonSerializer.Serialize(json, resource, ResourceKinds.Of(resource.Kind).Json);
        }
        else
        {
            json.WriteStartObject("deleted");
            json.WriteString("namespace", change.Key.Namespace);
            json.WriteString("name", change.Key.Name);
            json.WriteString("resourceVersion", change.ResourceVersion);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
