using System.Globalization;
using System.Text;
using IngressReconciler.Tests.Harness.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Faults;

/// <summary>What goes wrong with one request.</summary>
public sealed class Fault
{
    private static readonly byte[] BadGateway =
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n"u8.ToArray();

    private Fault()
    {
    }

    /// <summary>The connection is reset, and nothing is answered.</summary>
    public static Fault Reset { get; } = new()
    {
        Instead = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        },
    };

    /// <summary>The server takes the request, does nothing, and answers nothing until <see cref="FaultPlan.Release"/>; then it does it.</summary>
    public static Fault Hang { get; } = new() { Hangs = true };

    /// <summary>A list says that there is nothing.</summary>
    public static Fault EmptyList { get; } = PartialList(0);

    internal Func<HttpContext, Task>? Instead { get; private init; }

    internal Func<HttpContext, Stream>? Body { get; private init; }

    internal bool Hangs { get; private init; }

    internal int? ListedItems { get; private init; }

    /// <summary>A failure that the server itself tells of.</summary>
    public static Fault Answer(ApiStatus status) => new() { Instead = http => Answers.StatusAsync(http, status) };

    /// <summary>The server has too much to do: as its priority-and-fairness filter answers, 429 with plain text.</summary>
    /// <param name="retryAfterSeconds">The header <c>Retry-After</c>.</param>
    public static Fault TooManyRequests(int retryAfterSeconds) => new()
    {
        Instead = http =>
        {
            http.Response.Headers.RetryAfter = retryAfterSeconds.ToString(CultureInfo.InvariantCulture);
            return Answers.TextAsync(http, StatusCodes.Status429TooManyRequests, "Too many requests, please try again later.\n");
        },
    };

    /// <summary>A proxy in between answers with a page of HTML.</summary>
    /// <param name="code">The status code; 200 is what a captive portal does.</param>
    public static Fault Html(int code = StatusCodes.Status502BadGateway) => new() { Instead = http => Answers.BytesAsync(http, code, "text/html", BadGateway) };

    /// <summary>Any text with status 200 and the content type of JSON.</summary>
    public static Fault Garbage(string text) =>
        new() { Instead = http => Answers.BytesAsync(http, StatusCodes.Status200OK, "application/json", Encoding.UTF8.GetBytes(text)) };

    /// <summary>The connection is reset after so many bytes of the answer's body.</summary>
    public static Fault CutAfter(int bytes) => new() { Body = http => new CutBody(http, bytes) };

    /// <summary>The body comes in pieces of so many bytes, with a pause after each.</summary>
    public static Fault Slow(int bytes, TimeSpan pause) => new() { Body = http => new SlowBody(http, bytes, pause) };

    /// <summary>A list has only its first items, and says nothing of the others.</summary>
    public static Fault PartialList(int items) => new() { ListedItems = items };
}
