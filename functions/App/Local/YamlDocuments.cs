using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace IngressReconciler.Local;

/// <summary>A manifest file cannot be read as YAML or JSON.</summary>
/// <param name="line">The line, from 1.</param>
/// <param name="message">What is wrong there.</param>
public sealed class ManifestSyntaxException(long line, string message) : Exception(message)
{
    /// <summary>The line, from 1.</summary>
    public long Line { get; } = line;
}

/// <summary>One document of a file.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Content">Its content as JSON; null for an empty document.</param>
public sealed record ManifestDocument(long Line, JsonNode? Content);

/// <summary>
/// Reads YAML and JSON text into the JSON that kubectl would send: several documents, anchors, merge keys, and the scalars of YAML 1.1
/// by <see cref="YamlScalars"/>. Stricter than kubectl's decoder where the API server's strict validation would refuse anyway: a
/// doubled key is an error. Depth, size and alias expansion are limited.
/// </summary>
public static class YamlDocuments
{
    /// <summary>Nodes in one file at most, aliases counted as often as they are used.</summary>
    public const int NodeLimit = 500_000;

    /// <summary>Levels of nesting at most; below JSON's own 64 as read by the API server's clients.</summary>
    public const int DepthLimit = 60;

    /// <summary>Reads every document of a YAML text.</summary>
    /// <exception cref="ManifestSyntaxException">The text is not YAML, or not what JSON can hold, or beyond a limit.</exception>
    public static List<ManifestDocument> Read(string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            return new Reading(parser).Documents();
        }
        catch (YamlException exception)
        {
            throw new ManifestSyntaxException(exception.Start.Line, exception.Message);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser's own slips on text such as a bracket that is never closed.
            throw new ManifestSyntaxException(parser.Current?.End.Line ?? 1, "no YAML from here on");
        }
    }

    /// <summary>Reads a JSON text, which holds one document.</summary>
    /// <exception cref="ManifestSyntaxException">The text is not JSON, or has a doubled key.</exception>
    public static ManifestDocument ReadJson(string text)
    {
        try
        {
            return new(1, JsonNode.Parse(text, documentOptions: new() { MaxDepth = DepthLimit, AllowDuplicateProperties = false }));
        }
        catch (JsonException exception)
        {
            throw new ManifestSyntaxException((exception.LineNumber ?? 0) + 1, exception.Message);
        }
    }

    private sealed class Reading(Parser parser)
    {
        private readonly Dictionary<string, (JsonNode? Node, int Count, int Height)> anchors = new(StringComparer.Ordinal);
        private int nodes;

        public List<ManifestDocument> Documents()
        {
            var documents = new List<ManifestDocument>();
            parser.Consume<StreamStart>();
            while (!parser.Accept<StreamEnd>(out _))
            {
                var start = parser.Consume<DocumentStart>();
                anchors.Clear();
                var line = parser.Current!.Start.Line;
                documents.Add(new(start.IsImplicit ? line : Math.Max(start.Start.Line, line), Node(0)));
                parser.Consume<DocumentEnd>();
            }
            return documents;
        }

        private JsonNode? Node(int depth)
        {
            var at = parser.Current!;
            CheckDepth(at, depth);
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                if (!anchors.TryGetValue(alias.Value.Value, out var target))
                    throw Error(at, $"the alias *{alias.Value.Value} stands before its anchor ends, or has none");
                Count(at, target.Count);
                CheckDepth(at, depth + target.Height);
                return target.Node?.DeepClone();
            }

            var before = nodes;
            Count(at, 1);
            var anchor = (at as NodeEvent)?.Anchor ?? AnchorName.Empty;
            var node = at switch
            {
                Scalar => ScalarValue(parser.Consume<Scalar>()),
                SequenceStart => Sequence(depth),
                MappingStart => Mapping(depth),
                _ => throw Error(at, "unexpected content"),
            };
            if (!anchor.IsEmpty)
                anchors[anchor.Value] = (node?.DeepClone(), nodes - before, Height(node));
            return node;
        }

        private JsonArray Sequence(int depth)
        {
            parser.Consume<SequenceStart>();
            var array = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
                array.Add(Node(depth + 1));
            return array;
        }

        private JsonObject Mapping(int depth)
        {
            parser.Consume<MappingStart>();
            var mapping = new JsonObject();
            var merged = new List<JsonObject>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                if (!parser.TryConsume<Scalar>(out var key))
                    throw Error(parser.Current!, "a key must be a scalar");
                if (key is { Value: "<<", Style: ScalarStyle.Plain })
                {
                    Merge(merged, Node(depth + 1), key);
                    continue;
                }
                var name = YamlScalars.Key(key.Value, IsText(key)) ?? throw Error(key, "a key must not be null");
                if (mapping.ContainsKey(name))
                    throw Error(key, $"the key '{name}' stands twice");
                mapping[name] = Node(depth + 1);
            }
            // A mapping's own keys win over merged ones, and an earlier merge over a later one (the merge type of YAML 1.1).
            foreach (var (name, value) in merged.SelectMany(source => source.ToList()))
                if (!mapping.ContainsKey(name))
                    mapping[name] = value?.DeepClone();
            return mapping;
        }

        private static void Merge(List<JsonObject> merged, JsonNode? value, Scalar key)
        {
            JsonNode?[] sources = value is JsonArray array ? [.. array] : [value];
            foreach (var source in sources)
                merged.Add(source as JsonObject ?? throw Error(key, "<< needs a mapping, or a list of mappings"));
        }

        private static JsonNode? ScalarValue(Scalar scalar)
        {
            try
            {
                return YamlScalars.Value(scalar.Value, IsText(scalar));
            }
            catch (FormatException exception)
            {
                throw Error(scalar, exception.Message);
            }
        }

        private static bool IsText(Scalar scalar)
        {
            if (scalar.Tag is { IsEmpty: false, IsNonSpecific: false } tag)
                return tag.Value == "tag:yaml.org,2002:str"
                    || (tag.Value.StartsWith("tag:yaml.org,2002:", StringComparison.Ordinal) && !tag.Value.EndsWith(":binary", StringComparison.Ordinal)
                        ? false
                        : throw Error(scalar, $"the tag {tag.Value} has no meaning in a manifest"));
            return scalar.Style != ScalarStyle.Plain || scalar.Tag.IsNonSpecific;
        }

        private static int Height(JsonNode? node) => node switch
        {
            JsonObject mapping when mapping.Count > 0 => 1 + mapping.Max(pair => Height(pair.Value)),
            JsonArray array when array.Count > 0 => 1 + array.Max(Height),
            _ => 0,
        };

        private static void CheckDepth(ParsingEvent at, int depth)
        {
            if (depth > DepthLimit)
                throw Error(at, $"nested deeper than {DepthLimit.ToString(CultureInfo.InvariantCulture)} levels");
        }

        private void Count(ParsingEvent at, int more)
        {
            nodes += more;
            if (nodes > NodeLimit)
                throw Error(at, $"more than {NodeLimit.ToString(CultureInfo.InvariantCulture)} nodes");
        }

        private static ManifestSyntaxException Error(ParsingEvent at, string message) => new(at.Start.Line, message);
    }
}
