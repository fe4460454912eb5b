using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>
/// All findings of a version, stored apart from it under a hash of them. Versions that follow each other mostly have the same findings:
/// one set serves them all, and a version stays as small as what changed in routing.
/// </summary>
public sealed record FindingSet
{
    /// <summary>The format that is written.</summary>
    public const int Newest = 1;

    /// <summary>The format that it was written in.</summary>
    public required int Format { get; init; }

    /// <summary>The findings in the order of the writer; without those in a form that this release does not read.</summary>
    [JsonConverter(typeof(StoredFindingsConverter))]
    public required ValueList<Finding> Findings { get; init; }

    /// <summary>A set as it is stored.</summary>
    public static byte[] Bytes(IEnumerable<Finding> findings) => JsonSerializer.SerializeToUtf8Bytes(
        new() { Format = Newest, Findings = findings.ToValueList() }, VersionJson.Default.FindingSet);

    /// <summary>Reads a set that is stored under a name.</summary>
    /// <exception cref="InvalidDataException">It is none, or another's.</exception>
    public static FindingSet Read(ReadOnlyMemory<byte> bytes, string name)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var digests = json.RootElement.GetProperty("findings").EnumerateArray()
                .Select(one => Digest(JsonMarshal.GetRawUtf8Value(one)));
            return NameOf(digests) == name
                ? json.RootElement.Deserialize(VersionJson.Default.FindingSet)!
                : throw new InvalidDataException("it is damaged: its findings have another hash");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"it is damaged: {e.Message}", e);
        }
    }

    /// <summary>
    /// What a set is named by, 64 hexadecimal digits: the SHA-256 of its findings' digests in ordinal order. Only what is new in a set has
    /// to be digested for it, and every release can check it, whatever of the findings it reads.
    /// </summary>
    /// <param name="digests">Of each finding.</param>
    public static string NameOf(IEnumerable<string> digests) =>
        Digest(Encoding.ASCII.GetBytes(string.Concat(digests.Order(StringComparer.Ordinal))));

    /// <summary>The SHA-256 of a finding as it stands in a set, 64 hexadecimal digits.</summary>
    public static string DigestOf(Finding finding) => Digest(JsonSerializer.SerializeToUtf8Bytes(finding, VersionJson.Default.Finding));

    /// <summary>Whether a text can be a set's name.</summary>
    public static bool IsName(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
