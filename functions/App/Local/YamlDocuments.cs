using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharpYaml;
using SharpYaml.Events;

namespace IngressReconciler.Local;

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
/// Reads YAML and JSON text into the JSON that kubectl would send: several documents, anchors, merge keys, and the scalars of YAML 1.1
/// by <see cref="YamlScalars"/>. The parser is SharpYaml's, which comes from libyaml as kubectl's does and takes the same text for YAML;
/// as with kubectl, the last of two equal keys counts, and text that is JSON is read as JSON. Depth, size and alias expansion are limited.
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
            return new Reading(parser, document.Line).Documents();
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

    private sealed class Reading(IParser parser, long firstLine)
    {
        private readonly Dictionary<string, (JsonNode? Node, int Count, int Height)> anchors = new(StringComparer.Ordinal);
        private List<(long, string)> doubled = [];
        private int nodes;

        public List<ManifestDocument> Documents()
        {
            var documents = new List<ManifestDocument>();
            parser.MoveNext();
            Take<StreamStart>();
            while (parser.Current is not StreamEnd)
            {
                var start = Take<DocumentStart>();
                (nodes, doubled) = (0, []);
                anchors.Clear();
                var line = LineOf(parser.Current!);
                documents.Add(new(start.IsImplicit ? line : Math.Max(LineOf(start), line), Node(0), doubled));
                Take<DocumentEnd>();
            }
            return documents;
        }

        private T Take<T>() where T : ParsingEvent
        {
            var taken = parser.Current as T ?? throw Error(parser.Current!, "unexpected content");
            parser.MoveNext();
            return taken;
        }

        private JsonNode? Node(int depth)
        {
            var at = parser.Current!;
            CheckDepth(at, depth);
            if (at is AnchorAlias alias)
            {
                parser.MoveNext();
                if (!anchors.TryGetValue(alias.Value, out var target))
                    throw Error(at, $"the alias *{alias.Value} stands before its anchor ends, or has none");
                Count(at, target.Count);
                CheckDepth(at, depth + target.Height);
                return target.Node?.DeepClone();
            }

            var before = nodes;
            Count(at, 1);
            var anchor = (at as NodeEvent)?.Anchor;
            var node = at switch
            {
                Scalar => Value(Take<Scalar>()),
                SequenceStart => Sequence(depth),
                MappingStart => Mapping(depth),
                _ => throw Error(at, "unexpected content"),
            };
            if (!string.IsNullOrEmpty(anchor))
                anchors[anchor] = (node?.DeepClone(), nodes - before, Height(node));
            return node;
        }

        private JsonArray Sequence(int depth)
        {
            Take<SequenceStart>();
            var array = new JsonArray();
            while (parser.Current is not SequenceEnd)
                array.Add(Node(depth + 1));
            Take<SequenceEnd>();
            return array;
        }

        private JsonObject Mapping(int depth)
        {
            Take<MappingStart>();
            var mapping = new JsonObject();
            var own = new HashSet<string>(StringComparer.Ordinal);
            while (parser.Current is not MappingEnd)
            {
                var at = parser.Current!;
                if (at is Scalar key && IsMerge(key))
                {
                    parser.MoveNext();
                    Merge(mapping, Node(depth + 1), key);
                    continue;
                }
                var name = Node(depth + 1) switch
                {
                    null => throw Error(at, "a key must not be null"),
                    JsonValue value => value.TryGetValue<string>(out var text) ? text : value.ToJsonString(),
                    _ => throw Error(at, "a key must be a scalar"),
                };
                if (!own.Add(name))
                    doubled.Add((LineOf(at), name));
                mapping[name] = Node(depth + 1);
            }
            Take<MappingEnd>();
            return mapping;
        }

        private static bool IsMerge(Scalar key) =>
            key.Value == "<<"
            && (key.Tag == "tag:yaml.org,2002:merge" || (key.Style == ScalarStyle.Plain && string.IsNullOrEmpty(key.Tag)));

        /// <summary>
        /// Where it stands, as kubectl has it: over keys before it, under keys after it; in a list of mappings the first wins.
        /// </summary>
        private void Merge(JsonObject mapping, JsonNode? value, Scalar key)
        {
            JsonNode?[] sources = value is JsonArray array ? [.. array.Reverse()] : [value];
            foreach (var source in sources)
                foreach (var (name, one) in source as JsonObject ?? throw Error(key, "<< needs a mapping, or a list of mappings"))
                    mapping[name] = one?.DeepClone();
        }

        private JsonNode? Value(Scalar scalar)
        {
            try
            {
                return YamlScalars.Value(scalar.Value, scalar.Style == ScalarStyle.Plain, TagOf(scalar));
            }
            catch (FormatException exception)
            {
                throw Error(scalar, exception.Message);
            }
        }

        private static string? TagOf(Scalar scalar) => string.IsNullOrEmpty(scalar.Tag) ? null : scalar.Tag;

        private static int Height(JsonNode? node) => node switch
        {
            JsonObject mapping when mapping.Count > 0 => 1 + mapping.Max(pair => Height(pair.Value)),
            JsonArray array when array.Count > 0 => 1 + array.Max(Height),
            _ => 0,
        };

        private void CheckDepth(ParsingEvent at, int depth)
        {
            if (depth > DepthLimit)
                throw Error(at, $"nested deeper than {DepthLimit.ToString(CultureInfo.InvariantCulture)} levels");
        }

        private void Count(ParsingEvent at, int more)
        {
            nodes += more;
            if (nodes > NodeLimit)
                throw Error(at, $"more than {NodeLimit.ToString(CultureInfo.InvariantCulture)} nodes in one document");
        }

        private long LineOf(ParsingEvent at) => firstLine + at.Start.Line;

        private ManifestSyntaxException Error(ParsingEvent at, string message) => new(LineOf(at), message);
    }
}
