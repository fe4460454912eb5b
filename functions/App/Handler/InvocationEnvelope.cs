using System.Buffers;
using System.Globalization;
using System.Text.Json;
using IngressReconciler.Cluster;

namespace IngressReconciler.Handler;

/// <summary>The host's call cannot be read: a bug of ours or of the host, not of whoever caused the call.</summary>
public sealed class InvocationEnvelopeException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// The body of the Functions host's call to a custom handler, <c>{"Data":{"binding":V},"Metadata":{…}}</c>. V comes in several shapes: the
/// value itself, a string that holds it as JSON, or such a string quoted once more; all mean the same. Each event is parsed once, by
/// itself; time and memory follow the body's length, however it nests.
/// </summary>
public sealed class InvocationEnvelope
{
    /// <summary>Events in one call at most: as many as Event Grid delivers at once when it is set to its most.</summary>
    public const int MostEvents = 5000;

    // A JSON text in a string in a string; no trigger adds more.
    private const int Layers = 2;

    // Texts in a list that are tried as JSON in vain: a host that quotes events quotes all of them.
    private const int MostBroken = 20;

    // An object as deep as one may be, in an event, and enough more that it is seen to be deeper.
    private const int Kept = ClusterEvent.MostDeep + 4;

    private static readonly JsonDocumentOptions EventDepth = new() { MaxDepth = Kept + 1 };

    // A reader only counts levels, one bit each. A JsonDocument takes time by the square of them, so none is made of what is too deep.
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    private readonly Dictionary<string, ReadOnlyMemory<byte>> bindings;

    private InvocationEnvelope(Dictionary<string, ReadOnlyMemory<byte>> bindings) => this.bindings = bindings;

    /// <summary>Reads a call's body.</summary>
    /// <param name="body">The body; not copied, and needed as long as events are asked for.</param>
    /// <exception cref="InvocationEnvelopeException">It is no envelope; the message says which part is not.</exception>
    public static InvocationEnvelope Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return new(BindingsOf(body) ?? throw new InvocationEnvelopeException("the invocation has no object 'Data'"));
        }
        catch (JsonException exception)
        {
            throw new InvocationEnvelopeException($"the invocation is no JSON: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvocationEnvelopeException("the invocation has a name that is no text", exception);
        }
    }

    /// <summary>
    /// The events of a binding: the items of an array, or the one value that is no array. Of an event that nests deeper than any may, what
    /// lies deeper is null: it is refused by itself, by its name, and not with all that came along.
    /// </summary>
    /// <exception cref="InvocationEnvelopeException">There is no such binding, or it has more than <see cref="MostEvents"/>.</exception>
    public IReadOnlyList<JsonElement> Events(string binding)
    {
        if (!bindings.TryGetValue(binding, out var value))
            throw new InvocationEnvelopeException($"the invocation has no binding '{binding}'");
        try
        {
            return Split(Unquoted(value).Span);
        }
        catch (JsonException)
        {
            // The value is JSON, as all of the body; so it is a string that holds none, and a value of its own.
            return [JsonElement.Parse(value.Span)];
        }
    }

    /// <summary>Where each binding's value stands in the body; null when there is no object <c>Data</c>.</summary>
    private static Dictionary<string, ReadOnlyMemory<byte>>? BindingsOf(ReadOnlyMemory<byte> body)
    {
        Dictionary<string, ReadOnlyMemory<byte>>? bindings = null;
        var reader = new Utf8JsonReader(body.Span, AnyDepth);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            reader.Skip();
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue; // the end
            var isData = reader.ValueTextEquals("Data"u8);
            reader.Read();
            if (!isData || reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            bindings = new(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (!bindings.TryAdd(name, body[start..(int)reader.BytesConsumed]))
                    throw new InvocationEnvelopeException($"a binding stands twice in the invocation: {KubernetesName.Show(name)}");
            }
        }

        return bindings;
    }

    /// <exception cref="JsonException">It is no JSON.</exception>
    private static List<JsonElement> Split(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, AnyDepth);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            return [Event(json)];
        var events = new List<JsonElement>();
        var broken = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (events.Count == MostEvents)
            {
                throw new InvocationEnvelopeException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the invocation has more than {MostEvents:N0} events, and Event Grid never delivers so many at once"));
            }

            var start = (int)reader.TokenStartIndex;
            var isDeep = SkipsDeep(ref reader);
            var one = json[start..(int)reader.BytesConsumed];
            if (one[0] != '"' || broken >= MostBroken)
                events.Add(isDeep ? Event(one) : JsonElement.Parse(one, EventDepth));
            else
                events.Add(Quoted(one, ref broken));
        }

        reader.Read(); // nothing may follow
        return events;
    }

    /// <summary>Passes over a value, and says whether it may nest deeper than is kept.</summary>
    private static bool SkipsDeep(ref Utf8JsonReader reader)
    {
        var (level, isDeep) = (reader.CurrentDepth, false);
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return false;
        do
        {
            reader.Read();
            isDeep |= reader.CurrentDepth - level >= Kept;
        }
        while (reader.CurrentDepth > level);
        return isDeep;
    }

    private static JsonElement Quoted(ReadOnlySpan<byte> text, ref int broken)
    {
        try
        {
            return Event(Unquoted(text.ToArray()).Span);
        }
        catch (JsonException)
        {
            broken++;
            return JsonElement.Parse(text);
        }
    }

    private static JsonElement Event(ReadOnlySpan<byte> json)
    {
        ArrayBufferWriter<byte>? shallow = null;
        var from = 0;
        var reader = new Utf8JsonReader(json, AnyDepth);
        while (reader.Read())
        {
            if (reader.CurrentDepth < Kept || reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
                continue;
            shallow ??= new(json.Length);
            shallow.Write(json[from..(int)reader.TokenStartIndex]);
            shallow.Write("null"u8);
            reader.Skip();
            from = (int)reader.BytesConsumed;
        }

        shallow?.Write(json[from..]);
        return JsonElement.Parse(shallow is null ? json : shallow.WrittenSpan, EventDepth);
    }

    /// <summary>What is left when layers of quoting are taken off: JSON, or the rest of a string that holds none.</summary>
    private static ReadOnlyMemory<byte> Unquoted(ReadOnlyMemory<byte> json)
    {
        for (var layer = 0; layer < Layers && json.Span is [(byte)'"', ..] && TextOf(json.Span) is { } inner; layer++)
            json = inner;
        return json;
    }

    /// <summary>
    /// The text of a JSON string in UTF-8; null when it is none, or has half of a surrogate pair, which is JSON, but no text.
    /// </summary>
    private static ReadOnlyMemory<byte>? TextOf(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            var text = new byte[json.Length];
            return text.AsMemory(0, reader.CopyString(text)).Trim(" \t\r\n"u8);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
