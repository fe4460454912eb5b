using System.Globalization;
using System.Text.Json.Nodes;
using SharpYaml;
using SharpYaml.Events;

namespace IngressReconciler.ManifestFolders;

/// <summary>
/// The parser's events ─► JSON, document by document: anchors, merge keys, keys and values. Depth, size and alias expansion are limited here.
/// </summary>
/// <param name="parser">Where the events come from.</param>
/// <param name="firstLine">The line in the file that the parser's first is, from 1.</param>
internal sealed class YamlReading(IParser parser, long firstLine)
{
    private readonly Dictionary<string, (JsonNode? Node, int Count, int Height)> anchors = new(StringComparer.Ordinal);
    private List<(long, string)> doubled = [];
    private int nodes;

    /// <summary>All documents of the text.</summary>
    /// <exception cref="ManifestSyntaxException">One is not what JSON can hold, or beyond a limit.</exception>
    /// <exception cref="YamlException">It is not YAML.</exception>
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
        if (depth > YamlDocuments.DepthLimit)
            throw Error(at, $"nested deeper than {YamlDocuments.DepthLimit.ToString(CultureInfo.InvariantCulture)} levels");
    }

    private void Count(ParsingEvent at, int more)
    {
        nodes += more;
        if (nodes > YamlDocuments.NodeLimit)
            throw Error(at, $"more than {YamlDocuments.NodeLimit.ToString(CultureInfo.InvariantCulture)} nodes in one document");
    }

    private long LineOf(ParsingEvent at) => firstLine + at.Start.Line;

    private ManifestSyntaxException Error(ParsingEvent at, string message) => new(LineOf(at), message);
}
