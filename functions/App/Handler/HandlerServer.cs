using System.Globalization;
using System.Net;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace IngressReconciler.Handler;

/// <summary>What one of our functions does with a call. It throws when the call has failed and is worth another try.</summary>
/// <param name="envelope">What the host sent.</param>
/// <param name="cancel">Ends when the host hangs up.</param>
public delegate Task Function(InvocationEnvelope envelope, CancellationToken cancel);

/// <summary>
/// The custom handler's web server, which the Functions host starts and calls: HTTP/1.1 on loopback, <c>GET /</c> as the sign of life,
/// <c>POST /{function}</c> for each trigger, and the raw requests of the HTTP functions below <c>/api</c>.
/// </summary>
public static partial class HandlerServer
{
    /// <summary>The environment variable that names the port.</summary>
    public const string PortSetting = "FUNCTIONS_CUSTOMHANDLER_PORT";

    /// <summary>
    /// What this process exits with when its settings cannot be used (<c>EX_CONFIG</c> of sysexits.h): another start ends the same way. The
    /// Functions host tries some all the same; the local one does not.
    /// </summary>
    public const int WrongSettings = 78;

    /// <summary>
    /// Bytes of a body at most: what a journal line takes. Event Grid delivers a megabyte, which as a string within JSON becomes two.
    /// </summary>
    public const int LongestBody = Journal.LongestLine;

    // What is longer than a call may be is read up to here, and dropped, so that it can be answered.
    private const long LongestRead = 64L << 20;

    private static readonly string TooLarge = string.Create(
        CultureInfo.InvariantCulture,
        $"the body is longer than the {LongestBody:N0} bytes that one call may have. Event Grid delivers at most 1 MB at once: send fewer "
            + $"events a delivery, and only name an object that is larger than that, by an event of type '{ClusterEvent.ReferencedType}'");

    // An empty body would hang the invocation until the host kills this process.
    private static readonly byte[] Done = """{"Outputs":{},"Logs":[],"ReturnValue":null}"""u8.ToArray();

    /// <summary>The port that the host has named; null when it was not the host who started this process.</summary>
    public static int? Port =>
        int.TryParse(Environment.GetEnvironmentVariable(PortSetting), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    /// <summary>A server on <paramref name="port"/>, not yet started and with nothing but the sign of life.</summary>
    /// <param name="port">Port on 127.0.0.1; 0 for a free one.</param>
    /// <param name="configure">Adds logging and what else the functions need.</param>
    public static WebApplication Build(int port, Action<WebApplicationBuilder> configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseSetting(Microsoft.AspNetCore.Hosting.WebHostDefaults.ServerUrlsKey, "");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LongestRead;
            // The host goes on sending an event it has begun however slow this machine is.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port, listener => listener.Protocols = HttpProtocols.Http1);
        });
        configure(builder);
        var server = builder.Build();
        server.MapGet("/", (RequestDelegate)(_ => Task.CompletedTask));
        return server;
    }

    /// <summary>Adds the functions.</summary>
    /// <param name="server">The server.</param>
    /// <param name="functions">By the name of their folder, which is their path.</param>
    /// <param name="http">
    /// The HTTP functions, by method: each answers what comes by it below <c>/api/</c>, raw, and nothing else. The host has asked for the key of
    /// the one whose method it is.
    /// </param>
    public static void MapFunctions(
        this WebApplication server, IReadOnlyDictionary<string, Function> functions, IReadOnlyDictionary<string, RequestDelegate> http)
    {
        var log = server.Logger;
        foreach (var (name, function) in functions)
            server.MapPost($"/{name}", (RequestDelegate)(http => AnswerAsync(http, name, function, log)));
        foreach (var (method, function) in http)
            server.MapMethods("/api/{**path}", [method], (RequestDelegate)(request => AnswerRawAsync(request, method, function, log)));
    }

    private static async Task AnswerRawAsync(HttpContext http, string method, RequestDelegate function, ILogger log)
    {
        try
        {
            await function(http);
        }
        catch (Exception exception) when (!http.RequestAborted.IsCancellationRequested)
        {
            await FailAsync(http, $"{method} /api", exception, log);
        }
    }

    private static async Task AnswerAsync(HttpContext http, string name, Function function, ILogger log)
    {
        try
        {
            using var body = await RequestBody.ReadAsync(http.Request, LongestBody, http.RequestAborted)
                ?? throw new BadHttpRequestException(TooLarge, StatusCodes.Status413PayloadTooLarge);
            await function(InvocationEnvelope.Parse(body.Bytes), http.RequestAborted);
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = Done.Length;
            await http.Response.Body.WriteAsync(Done, CancellationToken.None);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The host hung up: nobody is there to be answered.
        }
        catch (Exception exception)
        {
            await FailAsync(http, name, exception, log);
        }
    }

    /// <summary>
    /// Answers 500 with the cause as a problem (RFC 9457), or 413 for a body that is too large, and logs it: the one place where a failed
    /// call is logged.
    /// </summary>
    private static async Task FailAsync(HttpContext http, string name, Exception exception, ILogger log)
    {
        var isTooLarge = exception is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge };
        var status = isTooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status500InternalServerError;
        var reason = isTooLarge ? TooLarge : exception.Message;

        // What is known by its message needs no stack; a bug does.
        if (isTooLarge || exception is StorageUnavailableException)
            LogKnown(log, name, reason);
        else
            LogFailed(log, name, exception);
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }
        http.Response.Clear();
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("title", $"{name} failed");
        writer.WriteNumber("status", status);
        writer.WriteString("detail", reason);
        writer.WriteString("cause", exception.GetType().Name);
        writer.WriteEndObject();
    }

    [LoggerMessage(LogLevel.Error, "{Function} failed: {Reason}")]
    private static partial void LogKnown(ILogger log, string function, string reason);

    [LoggerMessage(LogLevel.Error, "{Function} failed")]
    private static partial void LogFailed(ILogger log, string function, Exception exception);
}
