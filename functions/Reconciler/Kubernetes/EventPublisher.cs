using Azure;
using Azure.Core;
using Azure.Messaging.EventGrid;
using IngressReconciler.Cluster;

namespace IngressReconciler.Kubernetes;

/// <summary>An event is larger than a publication may be; sending it again would not help.</summary>
public sealed class EventTooLargeException(string message) : Exception(message);

/// <summary>A sink of events refused a publication, or cannot be reached.</summary>
/// <param name="message">Who and why.</param>
/// <param name="refused">Whether it would refuse the same publication again.</param>
/// <param name="cause">What happened.</param>
public sealed class SinkException(ShownText message, bool refused, Exception? cause) : Exception(message, cause)
{
    /// <summary>Whether it would refuse the same publication again.</summary>
    public bool IsRefused => refused;
}

/// <summary>
/// Publishes CloudEvents to an Event Grid topic or straight to a webhook, in publications below Event Grid's limit of 1 MB, and returns when
/// all were taken. Events come already encoded: the SDK's own encoding needs reflection, which native code has not.
/// </summary>
/// <param name="send">Sends one publication, a JSON array of CloudEvents.</param>
public sealed class EventPublisher(Func<ReadOnlyMemory<byte>, CancellationToken, Task> send)
{
    /// <summary>Bytes in one publication at most: 1 MB, with room for what surrounds the events.</summary>
    public const int SizeLimit = (1024 * 1024) - 1024;

    /// <summary>A publisher that signs in with an access key.</summary>
    /// <param name="topic">The topic's endpoint, ending in <c>/api/events</c>.</param>
    /// <param name="key">Its access key.</param>
    public static EventPublisher WithKey(Uri topic, string key) => ToTopic(new(topic, new AzureKeyCredential(key), Options()), topic);

    /// <summary>A publisher that signs in with an identity that has the role EventGrid Data Sender; needs https.</summary>
    /// <param name="topic">The topic's endpoint, ending in <c>/api/events</c>.</param>
    /// <param name="credential">The identity.</param>
    public static EventPublisher WithIdentity(Uri topic, TokenCredential credential) => ToTopic(new(topic, credential, Options()), topic);

    /// <summary>A publisher that does what Event Grid does: delivers to an Event Grid function's webhook.</summary>
    /// <param name="webhook">Its address with the function's name and the key, as <c>…/runtime/webhooks/EventGrid?functionName=OnClusterEvents&amp;code=…</c>.</param>
    /// <param name="http">Sends; lives as long as the publisher.</param>
    public static EventPublisher ToWebhook(Uri webhook, HttpClient http) => new(async (publication, cancel) =>
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, webhook) { Content = new ReadOnlyMemoryContent(publication) };
            request.Content.Headers.ContentType = new("application/cloudevents-batch+json") { CharSet = "utf-8" };
            request.Headers.Add("aeg-event-type", "Notification");
            using var answer = await http.SendAsync(request, cancel);
            var status = (int)answer.StatusCode;
            if (!answer.IsSuccessStatusCode)
                throw new SinkException($"the webhook at {webhook.Authority} answered {status}", status is 400 or 413, null);
        }
        catch (HttpRequestException e)
        {
            throw new SinkException($"the webhook at {webhook.Authority} cannot be reached: {e.Message}", refused: false, e);
        }
    });

    /// <summary>Publishes the events in their order.</summary>
    /// <param name="events">Each one CloudEvent as UTF-8 JSON.</param>
    /// <param name="cancel">Stops between publications or within one.</param>
    /// <exception cref="EventTooLargeException">One event is beyond the limit; those before it may have been published.</exception>
    /// <exception cref="SinkException">The sink refused or could not be reached; some may have been published.</exception>
    public async Task PublishAsync(IEnumerable<byte[]> events, CancellationToken cancel)
    {
        foreach (var publication in Publications(events))
            await send(publication, cancel);
    }

    /// <summary>Joins events into JSON arrays of at most <see cref="SizeLimit"/> bytes.</summary>
    /// <exception cref="EventTooLargeException">One event alone is beyond the limit.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> Publications(IEnumerable<byte[]> events)
    {
        var array = new MemoryStream();
        foreach (var one in events)
        {
            if (one.Length + 2 > SizeLimit)
                throw new EventTooLargeException($"an event of {one.Length} bytes is beyond the limit of {SizeLimit} bytes");
            if (array.Length > 0 && array.Length + one.Length + 2 > SizeLimit)
            {
                array.WriteByte((byte)']');
                yield return array.ToArray();
                array.SetLength(0);
            }
            array.WriteByte(array.Length == 0 ? (byte)'[' : (byte)',');
            array.Write(one);
        }
        if (array.Length > 0)
        {
            array.WriteByte((byte)']');
            yield return array.ToArray();
        }
    }

    private static EventPublisher ToTopic(EventGridPublisherClient client, Uri topic) => new(async (publication, cancel) =>
    {
        try
        {
            using var answer = await client.SendEncodedCloudEventsAsync(publication, cancel);
        }
        catch (RequestFailedException e)
        {
            throw new SinkException($"the topic {topic.Authority} refused: {e.Status} {e.ErrorCode}", e.Status is 400 or 413, e);
        }
        catch (Exception e) when (e is AggregateException or Azure.Identity.AuthenticationFailedException)
        {
            throw new SinkException($"the topic {topic.Authority} cannot be reached: {(e as AggregateException)?.InnerException?.Message ?? e.Message}", refused: false, e);
        }
    });

    private static EventGridPublisherClientOptions Options() => new() { Retry = { MaxRetries = 2, Delay = TimeSpan.FromMilliseconds(200) } };
}
