using System.Text.Json;

namespace IngressReconciler.Handler;

/// <summary>The host's call cannot be read: a bug of ours or of the host, not of whoever caused the call.</summary>
public sealed class InvocationEnvelopeException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// The body of the Functions host's call to a custom handler, <c>{"Data":{"binding":V},"Metadata":{…}}</c>. V comes in several shapes: the
/// value itself, a string that holds it as JSON, or such a string quoted once more; all mean the same.
/// </summary>
/// <param name="Bindings">Each binding's value, by name, with every layer of quoting taken off.</param>
public sealed record InvocationEnvelope(IReadOnlyDictionary<string, JsonElement> Bindings)
{
    // A JSON text in a string in a string; no trigger adds more.
    private const int Layers = 2;

    // As deep as Event Grid's megabyte of brackets: an event that nests without end is refused by itself, not with all that came along.
    private static readonly JsonDocumentOptions AnyDepth = new() { MaxDepth = 1 << 20 };

    /// <summary>Reads a call's body.</summary>
    /// <exception cref="InvocationEnvelopeException">It is no envelope; the message says which part is not.</exception>
    public static InvocationEnvelope Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body, AnyDepth);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("Data", out var data)
                || data.ValueKind != JsonValueKind.Object)
                throw new InvocationEnvelopeException("the invocation has no object 'Data'");
            return new(data.EnumerateObject().ToDictionary(binding => binding.Name, binding => Unquote(binding.Value), StringComparer.Ordinal));
        }
        catch (JsonException exception)
        {
            throw new InvocationEnvelopeException($"the invocation is no JSON: {exception.Message}", exception);
        }
        catch (ArgumentException exception)
        {
            throw new InvocationEnvelopeException("a binding stands twice in the invocation", exception);
        }
    }

    /// <summary>The value of a binding.</summary>
    /// <exception cref="InvocationEnvelopeException">There is no such binding.</exception>
    public JsonElement this[string binding] => Bindings.TryGetValue(binding, out var value)
        ? value
        : throw new InvocationEnvelopeException($"the invocation has no binding '{binding}'");

    /// <summary>The events of a binding: the items of an array, or the one value that is no array.</summary>
    /// <exception cref="InvocationEnvelopeException">There is no such binding.</exception>
    public IReadOnlyList<JsonElement> Events(string binding) => this[binding] is { ValueKind: JsonValueKind.Array } array
        ? [.. array.EnumerateArray().Select(one => Unquote(one))]
        : [this[binding]];

    /// <summary>Takes JSON texts out of their strings; a string that holds no JSON is a value of its own.</summary>
    private static JsonElement Unquote(JsonElement value)
    {
        for (var layer = 0; layer < Layers && value.ValueKind == JsonValueKind.String; layer++)
            try
            {
                using var inner = JsonDocument.Parse(value.GetString()!, AnyDepth);
                value = inner.RootElement.Clone();
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                // No JSON; or half of a surrogate pair, which is JSON, but no text.
                break;
            }
        return value.Clone();
    }
}
