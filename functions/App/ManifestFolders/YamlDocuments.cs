using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharpYaml;

namespace IngressReconciler.ManifestFolders;

/// <summary>A document of a manifest file cannot be read as YAML or JSON.</summary>
/// <param name="line">The line, from 1.</param>
/// <param name="message">What is wrong there.</param>
public sealed class ManifestSyntaxException(long line, string message) : Exception(message)
{
    /// <summary>The line, from 1.</summary>
    public long Line { get; } = line;
}

/// <summary>The text between two document markers.</summary>
/// <param name="Line">Its first line in the file, from 1.</param>
/// <param name="Text">Itself, the marker that begins it included.</param>
public readonly record struct DocumentText(long Line, string Text);

/// <summary>One document of a file.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Content">Its content as JSON; null for an empty document.</param>
/// <param name="Doubled">Keys that stand twice in one mapping, each with its second line: the last one counts.</param>
public sealed record ManifestDocument(long Line, JsonNode? Content, IReadOnlyList<(long Line, string Key)> Doubled);

/// <summary>
/// Cuts a text into documents, and has each read into the JSON that kubectl would send: as JSON, or by <see cref="YamlReading"/> with the
/// scalars of YAML 1.1 by <see cref="YamlScalars"/>. The parser is SharpYaml's, which comes from libyaml as kubectl's does and takes the
/// same text for YAML; as with kubectl, the last of two equal keys counts, and text that is JSON is read as JSON. Depth, size and alias
/// expansion are limited.
/// </summary>
public static class YamlDocuments
{
    /// <summary>Nodes in one document at most, aliases counted as often as they are used.</summary>
    public const int NodeLimit = 500_000;

    /// <summary>Levels of nesting at most; below JSON's own 64 as read by the API server's clients.</summary>
    public const int DepthLimit = 60;

    private static readonly SearchValues<char> NotAllowed = SearchValues.Create(
        [
            .. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(char.IsControl).Except(['\t', '\n', '\r', '\u0085']),
            '\uFFFE', '\uFFFF',
        ]);

    /// <summary>Reads every document of a text.</summary>
    /// <exception cref="ManifestSyntaxException">One is not YAML, or not what JSON can hold, or beyond a limit.</exception>
    public static List<ManifestDocument> Read(string text) => [.. Split(text).SelectMany(Read)];

    /// <summary>
    /// Splits a text where a line begins with <c>---</c>, as kubectl does, so that what is wrong in one document costs no other. Directives
    /// stay with the document that they belong to.
    /// </summary>
    public static IEnumerable<DocumentText> Split(string text)
    {
        var (begin, line, firstLine) = (0, 1L, 1L);
        var directives = false;
        for (var at = 0; at < text.Length; line++)
        {
            var end = text.IndexOf('\n', at) is >= 0 and var feed ? feed + 1 : text.Length;
            if (at > begin && !directives && IsMarker(text.AsSpan(at, end - at)))
            {
                yield return new(firstLine, text[begin..at]);
                (begin, firstLine) = (at, line);
            }
            directives = text[at] == '%' && (directives || text.AsSpan(begin, at - begin).IsWhiteSpace());
            at = end;
        }
        if (begin < text.Length)
            yield return new(firstLine, text[begin..]);
    }

    /// <summary>
    /// Reads what stands between two markers: one document, or none, or where YAML's <c>...</c> or JSON allow it several.
    /// </summary>
    /// <exception cref="ManifestSyntaxException">It is not YAML, or not what JSON can hold, or beyond a limit.</exception>
    public static IReadOnlyList<ManifestDocument> Read(DocumentText document)
    {
        // Files are joined by tools that leave the marks which their parts began with.
        var text = document.Text.Replace("\n\uFEFF", "\n", StringComparison.Ordinal).TrimStart('\uFEFF');
        if (text.AsSpan().TrimStart() is ['{', ..] && ReadValues(text, document.Line) is { } values)
            return values;
        if (text.AsSpan().IndexOfAny(NotAllowed) is >= 0 and var at)
            throw new ManifestSyntaxException(
                document.Line + text.AsSpan(0, at).Count('\n'),
                $"the character U+{((int)text[at]).ToString("X4", CultureInfo.InvariantCulture)} may not stand in YAML");
        var parser = Parser.CreateParser(new StringReader(text), DepthLimit + 2);
        try
        {
            return new YamlReading(parser, document.Line).Documents();
        }
        catch (YamlException exception)
        {
            // Its message begins with marks, counted from 0: (Lin: 3, Col: 0, Chr: 40) - (Lin: 3, Col: 1, Chr: 41): …
            var reason = exception.Message.StartsWith('(')
                ? exception.Message[(exception.Message.IndexOf("): ", StringComparison.Ordinal) + 3)..]
                : exception.Message;
            var end = document.Line + exception.End.Line;
            throw new ManifestSyntaxException(
                document.Line + exception.Start.Line,
                exception.End.Line > exception.Start.Line
                    ? string.Create(CultureInfo.InvariantCulture, $"{reason.TrimEnd('.')}, up to line {end}")
                    : reason);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser's own slips on text such as a bracket that is never closed.
            throw new ManifestSyntaxException(document.Line + (parser.Current?.End.Line ?? 0), "no YAML from here on");
        }
    }

    /// <summary>Reads a JSON text, which holds one document.</summary>
    /// <exception cref="ManifestSyntaxException">The text is not JSON, or has a doubled key.</exception>
    public static ManifestDocument ReadJson(string text)
    {
        try
        {
            return new(1, JsonNode.Parse(text, documentOptions: new() { MaxDepth = DepthLimit, AllowDuplicateProperties = false }), []);
        }
        catch (JsonException exception)
        {
            throw new ManifestSyntaxException((exception.LineNumber ?? 0) + 1, exception.Message);
        }
    }

    private static bool IsMarker(ReadOnlySpan<char> line) =>
        line.StartsWith("---", StringComparison.Ordinal) && (line.Length == 3 || line[3] is ' ' or '\t' or '\r' or '\n');

    /// <summary>
    /// The JSON values that a text consists of; null when it is not JSON, or has a doubled key, and is to be read as YAML.
    /// </summary>
    private static List<ManifestDocument>? ReadValues(string text, long line)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var values = new List<ManifestDocument>();
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = DepthLimit });
            var counted = 0;
            while (reader.Read())
            {
                var begin = (int)reader.TokenStartIndex;
                reader.Skip();
                line += utf8.AsSpan(counted, begin - counted).Count((byte)'\n');
                counted = begin;
                var value = utf8.AsSpan(begin, (int)reader.BytesConsumed - begin);
                var content = JsonNode.Parse(value, documentOptions: new() { MaxDepth = DepthLimit, AllowDuplicateProperties = false });
                values.Add(new(line, content, []));
            }
            return values;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
