using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace IngressReconciler.ManifestFolders;

/// <summary>
/// What a scalar of a manifest means. kubectl reads manifests by sigs.k8s.io/yaml, which keeps the words of YAML 1.1:
/// <c>y yes on</c> and <c>n no off</c> are booleans, <c>0777</c> is octal and <c>1_000</c> a number, but there are no base-60 numbers, and
/// a timestamp stays text. A quoted scalar is always text, and so is one with a tag that YAML does not define.
/// </summary>
public static partial class YamlScalars
{
    private const string TagPrefix = "tag:yaml.org,2002:";

    private static readonly HashSet<string> True =
        ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];

    private static readonly HashSet<string> False =
        ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];

    private static readonly HashSet<string> Null = ["", "~", "null", "Null", "NULL"];

    private static readonly HashSet<string> NoJson =
        [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"];

    /// <summary>The scalar as JSON.</summary>
    /// <param name="text">As written, without quotes.</param>
    /// <param name="plain">Neither quoted nor a block scalar.</param>
    /// <param name="tag">Its tag in full, such as <c>tag:yaml.org,2002:str</c>; null for none.</param>
    /// <exception cref="FormatException">It is not what its tag says, or a number that JSON has no word for.</exception>
    public static JsonNode? Value(string text, bool plain, string? tag = null)
    {
        if (tag is null)
            return plain ? Plain(text) : JsonValue.Create(text);
        switch (tag.StartsWith(TagPrefix, StringComparison.Ordinal) ? tag[TagPrefix.Length..] : "")
        {
            case "null" when Null.Contains(text):
                return null;
            case "bool" when True.Contains(text) || False.Contains(text):
                return JsonValue.Create(True.Contains(text));
            case "int" when Number(text) is { } number && !number.ToJsonString().AsSpan().ContainsAny('.', 'e', 'E'):
            case "float" when (number = Number(text)) is not null:
                return number;
            case "binary":
                return JsonValue.Create(Binary(text));
            case "null" or "bool" or "int" or "float":
                throw new FormatException($"'{text}' is not what its tag !!{tag[TagPrefix.Length..]} says");
            default:
                return JsonValue.Create(text);
        }
    }

    private static JsonValue? Plain(string text) =>
        Null.Contains(text) ? null
        : True.Contains(text) ? JsonValue.Create(true)
        : False.Contains(text) ? JsonValue.Create(false)
        : NoJson.Contains(text) ? throw new FormatException($"JSON has no number {text}")
        : Number(text) ?? JsonValue.Create(text);

    private static string Binary(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw new FormatException("what is tagged !!binary is not base64");
    }

    private static JsonValue? Number(string text)
    {
        if (text is not [(>= '0' and <= '9') or '+' or '-' or '.', ..])
            return null;
        var plain = text[0] == '.' ? text : text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } integer && integer >= long.MinValue && integer <= ulong.MaxValue)
            return integer <= long.MaxValue ? JsonValue.Create((long)integer) : JsonValue.Create((ulong)integer);
        if (!Float().IsMatch(plain))
            return null;
        var value = double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(value) ? JsonValue.Create(value) : null;
    }

    /// <summary>Signed integers: decimal, <c>0x</c>, <c>0b</c>, <c>0o</c> and, by a leading zero alone, octal.</summary>
    private static BigInteger? Integer(string text)
    {
        var sign = text is ['-', ..] ? -1 : 1;
        var digits = text is ['-' or '+', ..] ? text[1..] : text;
        var (radix, rest) = digits switch
        {
            ['0', 'x' or 'X', .. var hex] => (16, hex),
            ['0', 'b' or 'B', .. var binary] => (2, binary),
            ['0', 'o' or 'O', .. var octal] => (8, octal),
            ['0', .. var octal] when octal.Length > 0 => (8, octal),
            _ => (10, digits),
        };
        // Longer ones are no 64-bit integers, and floating-point numbers if they are decimal.
        if (rest.Length is 0 or > 80)
            return null;
        var value = BigInteger.Zero;
        foreach (var character in rest)
        {
            var digit = char.IsAsciiHexDigit(character) ? Convert.ToInt32(character.ToString(), 16) : radix;
            if (digit >= radix)
                return null;
            value = (value * radix) + digit;
        }
        return sign * value;
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Float();
}
