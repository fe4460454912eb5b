using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Handler;

namespace IngressReconciler.Local;

/// <summary>How deliveries are made; Event Grid's own figures, with its waits shortened.</summary>
public sealed record DeliverySettings
{
    /// <summary>Events in one delivery at most (<c>maxEventsPerBatch</c>).</summary>
    public int EventsPerDelivery { get; init; } = 64;

    /// <summary>The first waits between attempts; the last one is repeated.</summary>
    public IReadOnlyList<TimeSpan> Waits { get; init; } =
    [
        TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5),
    ];

    /// <summary>Attempts before the events are dead letters.</summary>
    public int Attempts { get; init; } = 30;

    /// <summary>How long an endpoint may take to answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// Stands in for an Event Grid topic with CloudEvents 1.0 as its schema, <c>POST /topics/{name}/api/events</c>, and for its webhook
/// subscriptions: takes what the SDK publishes, and posts it on at once, in deliveries that know no order between them. An attempt that
/// fails is made again later, but not after 400, 401, 403 or 413; what cannot be delivered is counted and logged as a dead letter.
/// </summary>
/// <param name="subscribers">Functions that get every event, by their webhook's address.</param>
/// <param name="keys">The topic's access key.</param>
/// <param name="settings">Batches, waits, attempts.</param>
/// <param name="log">Failures and dead letters.</param>
/// <param name="clock">For the waits.</param>
public sealed class EventGridTopic(
    IReadOnlyDictionary<string, Uri> subscribers, FunctionKeys keys, DeliverySettings settings, ILogger log, TimeProvider clock) : IDisposable
{
    /// <summary>Its path on the local host; <c>{name}</c> is any name.</summary>
    public const string Path = "/topics/{name}/api/events";

    /// <summary>The size limit of an event, and of one publication, in bytes.</summary>
    public const int SizeLimit = 1024 * 1024;

    private static readonly string TooLarge = string.Create(
        CultureInfo.InvariantCulture,
        $"the body is longer than {SizeLimit:N0} bytes, which is what Event Grid takes and delivers at once: send fewer events, and only "
            + $"name an object that is larger than that, by an event of type '{ClusterEvent.ReferencedType}'");

    // Event Grid's list for webhooks: what would not get better by another attempt.
    private static readonly int[] Final = [400, 401, 403, 413];

    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null })
    {
        Timeout = settings.Timeout,
    };

    private readonly CancellationTokenSource stopping = new();
    private long deadLetters;

    /// <summary>Events that were given up.</summary>
    public long DeadLetters => Interlocked.Read(ref deadLetters);

    /// <summary>Answers one publication: 200, 400, 401 or 413.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        if (!keys.OpensTopic(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        using var body = await RequestBody.ReadAsync(http.Request, SizeLimit, http.RequestAborted);
        if (body is null)
        {
            await TooLargeAsync(http);
            return;
        }

        if (ReadEvents(body.Bytes) is not { } events)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        foreach (var (function, address) in subscribers)
            foreach (var delivery in events.Chunk(settings.EventsPerDelivery))
                _ = DeliverAsync(function, address, delivery);
    }

    /// <summary>Answers a body over <see cref="SizeLimit"/>, which is neither published nor delivered.</summary>
    public static async Task TooLargeAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        await http.Response.WriteAsync(TooLarge, http.RequestAborted);
    }

    /// <summary>The events of a publication as JSON texts; null when it is no CloudEvent or array of CloudEvents.</summary>
    private static List<string>? ReadEvents(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            JsonElement[] events = json.RootElement.ValueKind == JsonValueKind.Array ? [.. json.RootElement.EnumerateArray()] : [json.RootElement];
            return events.All(IsCloudEvent) ? [.. events.Select(one => one.GetRawText())] : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsCloudEvent(JsonElement one) =>
        one.ValueKind == JsonValueKind.Object
        && one.TryGetProperty("specversion", out var version) && version.ValueKind == JsonValueKind.String && version.ValueEquals("1.0")
        && ((string[])["id", "source", "type"]).All(name =>
            one.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0);

    private async Task DeliverAsync(string function, Uri address, string[] events)
    {
        var body = $"[{string.Join(',', events)}]";
        for (var attempt = 1; ; attempt++)
        {
            string reason;
            var final = false;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, address);
                request.Content = new StringContent(body, MediaTypeHeaderValue.Parse("application/cloudevents-batch+json; charset=utf-8"));
                request.Headers.Add("aeg-event-type", "Notification");
                request.Headers.Add("aeg-delivery-count", (attempt - 1).ToString(CultureInfo.InvariantCulture));
                using var answer = await client.SendAsync(request, stopping.Token);
                if (answer.IsSuccessStatusCode)
                    return;
                final = Final.Contains((int)answer.StatusCode);
                reason = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException && !stopping.IsCancellationRequested)
            {
                reason = exception.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (final || attempt >= settings.Attempts)
            {
                LocalLog.DeadLetter(log, events.Length, function, attempt, reason, Interlocked.Add(ref deadLetters, events.Length));
                return;
            }
            var wait = settings.Waits[Math.Min(attempt, settings.Waits.Count) - 1];
            LocalLog.DeliveryFailed(log, events.Length, function, reason, attempt, wait.TotalMilliseconds);
            try
            {
                await Task.Delay(wait, clock, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Gives up every delivery.</summary>
    public void Dispose()
    {
        stopping.Cancel();
        client.Dispose();
    }
}
