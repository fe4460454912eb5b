using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>
/// All findings of a version, stored apart from it under the hash of their bytes. Versions that follow each other mostly have the same
/// findings: one set serves them all, and a version stays as small as what changed in routing.
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
    /// <param name="findings">All findings, in an order that depends on nothing but them: equal sets have equal bytes.</param>
    public static byte[] Bytes(IEnumerable<Finding> findings) => JsonSerializer.SerializeToUtf8Bytes(
        new() { Format = Newest, Findings = findings.ToValueList() }, VersionJson.Default.FindingSet);

    /// <summary>Reads a set.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static FindingSet Read(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes, VersionJson.Default.FindingSet) ?? throw new JsonException("expected an object");

    /// <summary>What a set is named by: the SHA-256 of its bytes, 64 hexadecimal digits.</summary>
    public static string NameOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Whether a text can be a set's name.</summary>
    public static bool IsName(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
