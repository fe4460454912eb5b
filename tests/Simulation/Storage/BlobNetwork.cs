using System.Net;
using System.Web;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation.Storage;

/// <summary>
/// The way from one instance to the blob service: each call takes its time there and back, and may get lost on either. What was sent may
/// be done although the instance was killed meanwhile; its answer never comes then.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="life">The instance's.</param>
/// <param name="instance">Its name.</param>
/// <param name="service">The service.</param>
/// <param name="faults">How it behaves.</param>
/// <param name="done">Told of each call that was done.</param>
public sealed class BlobNetwork(
    World world, InstanceLife life, string instance, BlobService service, StorageFaults faults, Action<BlobRequest, BlobResponse> done)
    : HttpMessageHandler
{
    private static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(5);

    /// <summary>This instance reaches nothing until then.</summary>
    public TimeSpan OutUntil { get; set; }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = await ReadAsync(request);
        var answer = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.UnsafeRegister(_ => answer.TrySetCanceled(cancellationToken), null);
        Begin(call, request, answer);
        return await answer.Task;
    }

    private void Begin(BlobRequest call, HttpRequestMessage request, TaskCompletionSource<HttpResponseMessage> answer)
    {
        var there = Latency();
        var back = Latency();
        if (world.Now < faults.OutUntil || world.Now < OutUntil)
        {
            var isRefused = world.Chance(0.5);
            if (isRefused)
                Fail(there, new HttpRequestException("connection refused"));
            else
                Fail(TryTimeout, new TaskCanceledException("no answer"));
        }
        else if (world.Chance(faults.RequestLost))
        {
            world.Note($"{instance} {call} LOST");
            Fail(there, new HttpRequestException("connection reset"));
        }
        else if (world.Chance(faults.Busy))
        {
            world.Note($"{instance} {call} 503");
            var code = world.Chance(0.8) ? (503, "ServerBusy") : (500, "OperationTimedOut");
            Answer(there + back, new(code.Item1, [("x-ms-error-code", code.Item2)], []));
        }
        else
        {
            world.After(there, () =>
            {
                var response = service.Handle(call);
                world.Note($"{instance} {call} {response.Status}");
                done(call, response);
                if (!world.Chance(faults.AnswerLost))
                    Answer(back, response);
                else if (world.Chance(0.5))
                    Fail(back, new HttpRequestException("connection reset"));
                else
                    Fail(TryTimeout, new TaskCanceledException("no answer"));
            });
        }

        void Answer(TimeSpan after, BlobResponse response) =>
            life.After(after, isTimer: false, () => answer.TrySetResult(Message(response, request)));

        void Fail(TimeSpan after, Exception with) => life.After(after, isTimer: false, () => answer.TrySetException(with));
    }

    private TimeSpan Latency() => world.Chance(faults.Slow) ? world.Between(500, 4500) : world.Between(faults.Fastest, faults.Slowest) / 2;

    private static async Task<BlobRequest> ReadAsync(HttpRequestMessage request)
    {
        var query = HttpUtility.ParseQueryString(request.RequestUri!.Query);
        var headers = request.Headers.AsEnumerable();
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync();
        return new(
            request.Method.Method,
            Uri.UnescapeDataString(request.RequestUri.AbsolutePath).Trim('/'),
            query.AllKeys.OfType<string>().ToDictionary(key => key, key => query[key] ?? "", StringComparer.Ordinal),
            headers.ToDictionary(one => one.Key.ToLowerInvariant(), one => string.Join(',', one.Value), StringComparer.Ordinal),
            body);
    }

    private static HttpResponseMessage Message(BlobResponse response, HttpRequestMessage request)
    {
        var message = new HttpResponseMessage((HttpStatusCode)response.Status)
        {
            Content = new ByteArrayContent(response.Body),
            RequestMessage = request,
        };
        message.Content.Headers.ContentLength = response.Body.Length;
        foreach (var (name, value) in response.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }
}
