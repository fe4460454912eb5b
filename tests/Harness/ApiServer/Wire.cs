using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>How values look on the wire.</summary>
internal static class Wire
{
    /// <summary>Compact, and without escapes that JSON does not need.</summary>
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>JSON, UTF-8, no line break.</summary>
    public static byte[] Encode(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Json);

    /// <summary>A revision as <c>resourceVersion</c> shows it.</summary>
    public static string Version(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>RFC 3339 in UTC, whole seconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
