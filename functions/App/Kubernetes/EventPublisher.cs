using Azure;
using Azure.Core;
using Azure.Messaging.EventGrid;

namespace IngressReconciler.Kubernetes;

/// <summary>An event is larger than a topic takes; sending it again would not help.</summary>
public sealed class EventTooLargeException(string message) : Exception(message);

/// <summary>
/// Publishes CloudEvents to an Event Grid topic, in publications below its limit of 1 MB, and returns when all were taken. Events come
/// already encoded: the SDK's own encoding needs reflection, which native code has not.
/// </summary>
/// <param name="client">The topic's client, which retries by itself.</param>
public sealed class EventPublisher(EventGridPublisherClient client)
{
    /// <summary>Bytes in one publication at most: 1 MB, with room for what surrounds the events.</summary>
    public const int SizeLimit = (1024 * 1024) - 1024;

    /// <summary>A publisher that signs in with an access key.</summary>
    /// <param name="topic">The topic's endpoint, ending in <c>/api/events</c>.</param>
    /// <param name="key">Its access key.</param>
    public static EventPublisher WithKey(Uri topic, string key) => new(new EventGridPublisherClient(topic, new AzureKeyCredential(key), Options()));

    /// <summary>A publisher that signs in with an identity that has the role EventGrid Data Sender; needs https.</summary>
    /// <param name="topic">The topic's endpoint, ending in <c>/api/events</c>.</param>
    /// <param name="credential">The identity.</param>
    public static EventPublisher WithIdentity(Uri topic, TokenCredential credential) => new(new EventGridPublisherClient(topic, credential, Options()));

    /// <summary>Publishes the events in their order.</summary>
    /// <param name="events">Each one CloudEvent as UTF-8 JSON.</param>
    /// <param name="cancel">Stops between publications or within one.</param>
    /// <exception cref="EventTooLargeException">One event is beyond the limit; those before it may have been published.</exception>
    /// <exception cref="RequestFailedException">The topic refused or could not be reached.</exception>
    public async Task PublishAsync(IEnumerable<byte[]> events, CancellationToken cancel)
    {
        foreach (var publication in Publications(events))
            using (await client.SendEncodedCloudEventsAsync(publication, cancel))
            {
                // The answer's body says nothing.
            }
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

    private static EventGridPublisherClientOptions Options() => new() { Retry = { MaxRetries = 4, Delay = TimeSpan.FromMilliseconds(200) } };
}
