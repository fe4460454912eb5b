using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>The body of one watch: a line of JSON for each event.</summary>
/// <param name="http">The request.</param>
/// <param name="resource">The kind.</param>
/// <param name="options">What of it.</param>
/// <param name="times">Where the moment of every event is noted.</param>
/// <param name="since">Events up to here are not told.</param>
internal sealed class WatchStream(HttpContext http, ApiResource resource, ListOptions options, WireTimes times, long since)
{
    private bool silent;
    private bool cutNext;

    /// <summary>Sends the head of the answer, so that the client knows that its watch is on.</summary>
    public async Task BeginAsync()
    {
        http.Response.ContentType = "application/json";
        await http.Response.StartAsync(http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    /// <summary>Does what the watch is told.</summary>
    /// <returns>Whether the watch goes on.</returns>
    public async Task<bool> WriteAsync(WatchSignal signal)
    {
        switch (signal)
        {
            case WatchSignal.Cut:
                http.Abort();
                return false;
            case WatchSignal.End:
                return false;
            case WatchSignal.CutNextLine:
                cutNext = true;
                return true;
            case WatchSignal.Silence:
                silent = true;
                return true;
            case var _ when silent:
                return true;
            case WatchSignal.Happened(var happened):
                return await EventAsync(happened);
            case WatchSignal.Bookmark(var revision, var initialEventsEnd):
                return await BookmarkAsync(revision, initialEventsEnd);
            case WatchSignal.TimeUp(var revision):
                if (options.AllowWatchBookmarks)
                    await BookmarkAsync(revision, initialEventsEnd: false);
                return false;
            case WatchSignal.Fail(var status):
                await LineAsync("ERROR", body => body.Write(Wire.Encode(status.ToJson())));
                return false;
            default:
                throw new InvalidOperationException($"no watch knows {signal}");
        }
    }

    // Selectors turn a change into a beginning or an end.
    private async Task<bool> EventAsync(StoreEvent happened)
    {
        if (happened.Revision <= since)
            return true;
        var before = happened.Before is { } old && options.Selects(old) ? old : null;
        var after = happened.After is { } present && options.Selects(present) ? present : null;
        var shown = after ?? before?.At(happened.Revision);
        if (shown is null)
            return true;
        var type = (before, after) switch
        {
            (null, _) => "ADDED",
            (_, null) => "DELETED",
            _ => "MODIFIED",
        };
        return await LineAsync(type, shown.WriteTo, happened.Revision);
    }

    private Task<bool> BookmarkAsync(long revision, bool initialEventsEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = Wire.Version(revision), ["creationTimestamp"] = null };
        if (initialEventsEnd)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        return LineAsync("BOOKMARK", body =>
        {
            body.Write(resource.TypePrefix.Span);
            body.Write("\"metadata\":"u8);
            body.Write(Wire.Encode(metadata));
            if (resource.ZeroMembers.Length > 0)
                body.Write(Encoding.UTF8.GetBytes("," + resource.ZeroMembers));
            body.WriteByte((byte)'}');
        });
    }

    private async Task<bool> LineAsync(string type, Action<Stream> writeObject, long? revision = null)
    {
        var line = new MemoryStream();
        line.Write(Encoding.UTF8.GetBytes($$"""{"type":"{{type}}","object":"""));
        writeObject(line);
        line.Write("}\n"u8);
        var bytes = line.GetBuffer().AsMemory(0, (int)line.Length);
        if (cutNext)
            bytes = bytes[..(bytes.Length / 2)];
        if (revision is { } written && !cutNext)
            times.Note(written);
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        if (cutNext)
            http.Abort();
        return !cutNext;
    }
}
