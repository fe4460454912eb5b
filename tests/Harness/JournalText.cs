using System.Globalization;
using System.Numerics;
using System.Text;

namespace IngressReconciler.Tests.Harness;

/// <summary>Journal lines as another release may write them: any text, with its sum.</summary>
public static class JournalText
{
    /// <summary>A line.</summary>
    /// <param name="open">Its JSON up to the sum: without the closing brace.</param>
    public static byte[] Line(string open)
    {
        var content = Encoding.UTF8.GetBytes(open);
        var sum = content.Aggregate(uint.MaxValue, BitOperations.Crc32C);
        return [.. content, .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"crc\":\"{~sum:x8}\"}}\n"))];
    }

    /// <summary>A line of changes, of a format.</summary>
    public static byte[] Line(int format, params IEnumerable<string> changes) => Line(
        string.Create(CultureInfo.InvariantCulture, $"{{\"format\":{format},\"id\":\"{Guid.NewGuid():N}\",")
        + $"\"at\":\"2026-11-28T08:00:00+00:00\",\"changes\":[{string.Join(',', changes)}]");

    /// <summary>The JSON of a line up to its sum, which <see cref="Line(string)"/> takes.</summary>
    public static string Open(ReadOnlySpan<byte> line) => Encoding.UTF8.GetString(line[..line.LastIndexOf(",\"crc\":"u8)]);
}
