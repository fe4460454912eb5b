using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IngressReconciler.Kubernetes;

/// <summary>What a watch says of an object.</summary>
public enum WatchEventType
{
    /// <summary>It is new, or begins to match.</summary>
    Added,

    /// <summary>It changed.</summary>
    Modified,

    /// <summary>It is gone, or matches no longer; the object is its last state with the version of the deletion.</summary>
    Deleted,

    /// <summary>Nothing happened up to the version that the object has; it has nothing else.</summary>
    Bookmark,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object, whole.</param>
public sealed record WatchEvent(WatchEventType Type, JsonObject Object)
{
    /// <summary>The version to go on from after this event.</summary>
    public string ResourceVersion => Object["metadata"]?["resourceVersion"]?.ToString() ?? "";
}

/// <summary>Reads a watch's stream of JSON lines.</summary>
public static class ObjectWatch
{
    /// <summary>
    /// How long nothing may come before a watch is taken for dead. A server says about every minute how far it is; resuming costs little.
    /// </summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(2.5);

    /// <summary>Watches from a version on, until the server ends it.</summary>
    /// <param name="server">The API server.</param>
    /// <param name="query">What is watched.</param>
    /// <param name="version">The version to go on from.</param>
    /// <param name="end">When the server shall end the watch.</param>
    /// <param name="silence">How long nothing may come, as <see cref="Silence"/>.</param>
    /// <param name="begun">Called when the server has taken the watch; the version may still be too old for it.</param>
    /// <param name="time">Measures the silence.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ApiServerException">
    /// It failed or broke off; <see cref="ApiServerException.IsExpired"/> when the version is older than what the server remembers.
    /// </exception>
    public static async IAsyncEnumerable<WatchEvent> WatchAsync(
        this ApiServer server, ObjectQuery query, string version, TimeSpan end, TimeSpan silence, Action begun, TimeProvider time, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var quiet = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, quiet.Token);
        using var answer = await Told(() => server.SendAsync(HttpMethod.Get, query.WatchPath(version, end), null, either.Token));
        begun();
        var reader = PipeReader.Create(await Told(() => answer.Content.ReadAsStreamAsync(either.Token)));
        while (true)
        {
            var read = await Told(async () => await reader.ReadAsync(either.Token));
            quiet.CancelAfter(silence);
            var rest = read.Buffer;
            while (TryTakeLine(ref rest, out var line))
            {
                if (Parse(server, line) is { } one)
                    yield return one;
            }

            reader.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
                yield break; // what is left is half a line: the version before it is where the next watch begins
        }

        async Task<T> Told<T>(Func<Task<T>> step)
        {
            try
            {
                return await step();
            }
            catch (OperationCanceledException) when (quiet.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw ApiServerException.Unreachable(server.Address, new TimeoutException($"the watch of {query.Plural} was silent for {silence.TotalSeconds:0} s"));
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                throw ApiServerException.Unreachable(server.Address, e);
            }
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = rest.Slice(0, end);
        rest = rest.Slice(rest.GetPosition(1, end));
        return true;
    }

    private static WatchEvent? Parse(ApiServer server, ReadOnlySequence<byte> line)
    {
        JsonObject? json;
        try
        {
            var reader = new Utf8JsonReader(line);
            json = JsonNode.Parse(ref reader) as JsonObject;
        }
        catch (JsonException e)
        {
            throw ApiServerException.Unreachable(server.Address, e);
        }

        if (json?["object"] is not JsonObject one)
            return null;
        json.Remove("object");
        return json["type"]?.ToString() switch
        {
            "ADDED" => new(WatchEventType.Added, one),
            "MODIFIED" => new(WatchEventType.Modified, one),
            "DELETED" => new(WatchEventType.Deleted, one),
            "BOOKMARK" => new(WatchEventType.Bookmark, one),
            "ERROR" => throw ApiServerException.OfStatus(one["code"] is JsonValue code && code.TryGetValue<int>(out var number) ? number : 500, one),
            _ => null, // a type of a later Kubernetes
        };
    }
}
