using System.Text.Json;
using IngressReconciler.Handler;

namespace IngressReconciler.Local;

/// <summary>
/// Event Grid's webhook on the Functions host, <c>/runtime/webhooks/EventGrid?functionName=X&amp;code=…</c>: key, handshakes of both
/// schemas, and notifications, answered only after the handler did. A delivery is a CloudEvents 1.0 or Event Grid event or an array of
/// them; with cardinality many it becomes one call, else one call an event, in parallel.
/// </summary>
/// <param name="functions">Every function of the app.</param>
/// <param name="keys">The system key that is asked for.</param>
/// <param name="invocations">Calls the handler.</param>
public sealed class EventGridWebhook(IReadOnlyList<FunctionFile> functions, FunctionKeys keys, Invocations invocations)
{
    /// <summary>Its path on the host.</summary>
    public const string Path = "/runtime/webhooks/EventGrid";

    /// <summary>Answers one request, of any method.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        var request = http.Request;
        if (!keys.Opens(request, keys.EventGrid))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var name = request.Query["functionName"].ToString();
        var function = functions.FirstOrDefault(candidate =>
            candidate.Trigger.Equals("eventGridTrigger", StringComparison.OrdinalIgnoreCase)
            && candidate.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (function is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync($"cannot find function: '{name}'", http.RequestAborted);
            return;
        }

        if (HttpMethods.IsOptions(request.Method))
        {
            http.Response.Headers["Webhook-Allowed-Origin"] = "eventgrid.azure.net";
            return;
        }

        var type = request.Headers["aeg-event-type"].ToString();
        using var content = await RequestBody.ReadAsync(request, EventGridTopic.SizeLimit, http.RequestAborted);
        if (content is null)
        {
            await EventGridTopic.TooLargeAsync(http);
            return;
        }

        if (!HttpMethods.IsPost(request.Method) || type is not ("SubscriptionValidation" or "Notification")
            || Read(content.Bytes) is not { } body)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using (body)
        {
            if (type == "SubscriptionValidation")
                await ValidateAsync(http, body.RootElement);
            else
                http.Response.StatusCode = await NotifyAsync(function, body.RootElement, http.RequestAborted)
                    ? StatusCodes.Status202Accepted
                    : StatusCodes.Status500InternalServerError;
        }
    }

    /// <summary>Calls the function for a delivery's events; false when any call failed.</summary>
    /// <param name="function">An Event Grid function.</param>
    /// <param name="delivery">One event or an array of events.</param>
    /// <param name="cancel">Gives up waiting; the handler is not told.</param>
    public async Task<bool> NotifyAsync(FunctionFile function, JsonElement delivery, CancellationToken cancel)
    {
        JsonElement[] events = delivery.ValueKind == JsonValueKind.Array ? [.. delivery.EnumerateArray()] : [delivery];
        if (function.Many)
        {
            var array = delivery.ValueKind == JsonValueKind.Array ? delivery.GetRawText() : $"[{delivery.GetRawText()}]";
            return await invocations.InvokeAsync(function, writer => writer.WriteStringValue(array), cancel);
        }
        var results = await Task.WhenAll(events.Select(one => invocations.InvokeAsync(function, one.WriteTo, cancel)));
        return results.All(succeeded => succeeded);
    }

    private static async Task ValidateAsync(HttpContext http, JsonElement body)
    {
        var first = body.ValueKind == JsonValueKind.Array ? body.EnumerateArray().FirstOrDefault() : body;
        if (first.ValueKind != JsonValueKind.Object
            || !first.TryGetProperty("data", out var validation)
            || validation.ValueKind != JsonValueKind.Object
            || !validation.TryGetProperty("validationCode", out var code)
            || code.ValueKind != JsonValueKind.String)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        http.Response.ContentType = "application/json; charset=utf-8";
        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("validationResponse", code.GetString());
        writer.WriteEndObject();
    }

    private static JsonDocument? Read(ReadOnlyMemory<byte> content)
    {
        try
        {
            var body = JsonDocument.Parse(content);
            if (body.RootElement.ValueKind is JsonValueKind.Object
                || (body.RootElement.ValueKind is JsonValueKind.Array && body.RootElement.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Object)))
                return body;
            body.Dispose();
        }
        catch (JsonException)
        {
            // Answered with 400, like every other body that holds no events.
        }
        return null;
    }
}
