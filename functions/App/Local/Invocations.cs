using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IngressReconciler.Local;

/// <summary>
/// Calls the handler for every trigger but HTTP: <c>POST /{function}</c> with the envelope, chunked, and the reply judged as the real
/// host judges it. A 2xx with an empty body or <c>null</c> counts as no reply: the invocation hangs until <c>functionTimeout</c>, and
/// then the handler is killed with everything it was doing.
/// </summary>
/// <param name="handler">The handler.</param>
/// <param name="timeout"><c>functionTimeout</c>, or infinite.</param>
/// <param name="log">One line an invocation.</param>
/// <param name="clock">For the timeout, retries and <c>sys.UtcNow</c>.</param>
public sealed class Invocations(HandlerProcess handler, TimeSpan timeout, ILogger log, TimeProvider clock)
{
    /// <summary>The version that the host announces in <c>X-Azure-Functions-HostVersion</c>.</summary>
    public const string HostVersion = "4.1037.0.0";

    // Quotes as \" like the real host: a string that holds a megabyte of JSON would be several otherwise.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the value under <c>Data.{binding}</c>.</summary>
    public delegate void ValueWriter(Utf8JsonWriter writer);

    /// <summary>Calls <paramref name="function"/>, with its retries; false when it failed in the end. Never throws for a failed call.</summary>
    public async Task<bool> InvokeAsync(FunctionFile function, ValueWriter value, CancellationToken cancel)
    {
        var id = Guid.NewGuid();
        for (var retry = 0; ; retry++)
        {
            if (await InvokeOnceAsync(function, id, value, retry, cancel))
                return true;
            if (function.Retry is not { } setting || (setting.Limit >= 0 && retry >= setting.Limit))
                return false;
            await Task.Delay(setting.DelayBefore(retry + 1), clock, cancel);
        }
    }

    private async Task<bool> InvokeOnceAsync(FunctionFile function, Guid id, ValueWriter value, int retry, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        string? problem;
        try
        {
            problem = await CallAsync(function, id, Envelope(function, value, retry), cancel);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or HandlerUnavailableException)
        {
            problem = exception.Message;
        }
        if (problem is null)
            LocalLog.Succeeded(log, function.Name, id, watch.ElapsedMilliseconds);
        else
            LocalLog.Failed(log, function.Name, id, watch.ElapsedMilliseconds, problem);
        return problem is null;
    }

    /// <summary>One call; returns why it failed, or null.</summary>
    private async Task<string?> CallAsync(FunctionFile function, Guid id, byte[] envelope, CancellationToken cancel)
    {
        var run = await handler.ReadyAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(run.Address, function.Name));
        request.Content = new ByteArrayContent(envelope);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json; charset=utf-8");
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Add("X-Azure-Functions-InvocationId", id.ToString());
        request.Headers.Add("X-Azure-Functions-HostVersion", HostVersion);

        using var deadline = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            using var answer = await handler.SendAsync(request, either.Token);
            var body = await answer.Content.ReadAsByteArrayAsync(either.Token);
            var verdict = Judge((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, body);
            if (verdict.Hangs)
                await HangAsync(run, either.Token);
            foreach (var line in verdict.Logs)
                LocalLog.HandlerLine(log, LogLevel.Information, line);
            return verdict.Problem;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            var reason = $"'{function.Name}' took longer than functionTimeout ({timeout.ToString("c", CultureInfo.InvariantCulture)})";
            handler.Kill(run, reason);
            return reason;
        }
    }

    /// <summary>Waits for the timeout, or for the handler to be killed by another invocation's.</summary>
    private static async Task HangAsync(HandlerProcess.Run run, CancellationToken cancel)
    {
        await run.Process.WaitForExitAsync(cancel);
        throw new HttpRequestException("the handler ended while the invocation was open");
    }

    /// <summary>What a reply means.</summary>
    /// <param name="Hangs">No reply at all, in the host's eyes.</param>
    /// <param name="Problem">Why the invocation failed; null for success.</param>
    /// <param name="Logs">The reply's <c>Logs</c>.</param>
    public readonly record struct Verdict(bool Hangs, string? Problem, IReadOnlyList<string> Logs);

    /// <summary>Judges a reply: success is 2xx, <c>application/json</c>, a JSON object. A failure's body is thrown away.</summary>
    public static Verdict Judge(int status, string? mediaType, ReadOnlySpan<byte> body)
    {
        if (status is < 200 or > 299)
            return new(false, $"the handler answered {status.ToString(CultureInfo.InvariantCulture)}", []);
        var text = body.Trim(" \t\r\n"u8);
        if (text.IsEmpty || text.SequenceEqual("null"u8))
            return new(true, null, []);
        if (!string.Equals(mediaType, "application/json", StringComparison.OrdinalIgnoreCase))
            return new(false, $"the handler answered '{mediaType ?? "no content type"}' and not application/json", []);
        try
        {
            using var json = JsonDocument.Parse(text.ToArray());
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return new(false, "the handler's answer is no JSON object", []);
            List<string> logs = json.RootElement.TryGetProperty("Logs", out var lines) && lines.ValueKind == JsonValueKind.Array
                ? [.. lines.EnumerateArray().Select(line => line.ToString())]
                : [];
            return new(false, null, logs);
        }
        catch (JsonException exception)
        {
            return new(false, $"the handler's answer is no JSON: {exception.Message}", []);
        }
    }

    private byte[] Envelope(FunctionFile function, ValueWriter value, int retry)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("Data");
            writer.WritePropertyName(function.Binding);
            value(writer);
            writer.WriteEndObject();
            writer.WriteStartObject("Metadata");
            if (retry > 0)
            {
                writer.WriteStartObject("RetryContext");
                writer.WriteNumber("RetryCount", retry);
                writer.WriteNumber("MaxRetryCount", function.Retry!.Limit);
                writer.WriteEndObject();
            }
            writer.WriteStartObject("sys");
            writer.WriteString("MethodName", function.Name);
            writer.WriteString("UtcNow", clock.GetUtcNow().UtcDateTime);
            writer.WriteString("RandGuid", Guid.NewGuid());
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
