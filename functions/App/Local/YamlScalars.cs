using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace IngressReconciler.Local;

/// <summary>
/// What a plain scalar of a manifest means. kubectl reads manifests by sigs.k8s.io/yaml, which keeps the words of YAML 1.1:
/// <c>y yes on</c> and <c>n no off</c> are booleans, <c>0777</c> is octal and <c>1_000</c> a number, but there are no base-60 numbers, and
/// a timestamp stays text. A quoted scalar is always text.
/// </summary>
public static partial class YamlScalars
{
    private static readonly HashSet<string> True =
        ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];

    private static readonly HashSet<string> False =
        ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];

    private static readonly HashSet<string> Null = ["", "~", "null", "Null", "NULL"];

    private static readonly HashSet<string> NoJson =
        [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"];

    /// <summary>The scalar as JSON.</summary>
    /// <param name="text">As written, without quotes.</param>
    /// <param name="quoted">Quoted, a block scalar, or tagged <c>!!str</c>.</param>
    /// <exception cref="FormatException">A number that JSON has no word for: not-a-number or an infinity.</exception>
    public static JsonNode? Value(string text, bool quoted)
    {
        if (quoted)
            return JsonValue.Create(text);
        if (Null.Contains(text))
            return null;
        if (True.Contains(text))
            return JsonValue.Create(true);
        if (False.Contains(text))
            return JsonValue.Create(false);
        if (NoJson.Contains(text))
            throw new FormatException($"JSON has no number {text}");
        return Number(text) ?? JsonValue.Create(text);
    }

    /// <summary>The scalar as a key: numbers and booleans in their JSON spelling; null for a null, which is no key.</summary>
    public static string? Key(string text, bool quoted) =>
        quoted || NoJson.Contains(text) ? text
        : Value(text, quoted: false) switch
        {
            null => null,
            JsonValue value when value.TryGetValue<string>(out var word) => word,
            var value => value.ToJsonString(),
        };

    private static JsonValue? Number(string text)
    {
        if (text[0] is not ((>= '0' and <= '9') or '+' or '-' or '.'))
            return null;
        var plain = text[0] == '.' ? text : text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } integer)
            return integer >= long.MinValue && integer <= long.MaxValue ? JsonValue.Create((long)integer)
                : integer > 0 && integer <= ulong.MaxValue ? JsonValue.Create((ulong)integer)
                : JsonNode.Parse(integer.ToString(CultureInfo.InvariantCulture))!.AsValue();
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
        if (rest.Length is 0 or > 400)
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
