using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Answers that are one JSON object or a line of text.</summary>
internal static class Answers
{
    /// <summary>An object.</summary>
    public static Task ObjectAsync(HttpContext http, int code, StoredObject stored)
    {
        var body = new MemoryStream();
        stored.WriteTo(body);
        return JsonAsync(http, code, body);
    }

    /// <summary>Any JSON.</summary>
    public static Task JsonAsync(HttpContext http, int code, JsonObject json)
    {
        var body = new MemoryStream();
        body.Write(Wire.Encode(json));
        return JsonAsync(http, code, body);
    }

    /// <summary>A failure.</summary>
    public static Task StatusAsync(HttpContext http, ApiStatus status)
    {
        if (status.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return JsonAsync(http, status.Code, status.ToJson());
    }

    /// <summary>Plain text, as Go's <c>http.Error</c> writes it.</summary>
    public static Task TextAsync(HttpContext http, int code, string text)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return BytesAsync(http, code, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));
    }

    /// <summary>What an unknown path is answered with.</summary>
    public static Task PageNotFoundAsync(HttpContext http) => TextAsync(http, StatusCodes.Status404NotFound, "404 page not found\n");

    /// <summary>Anything.</summary>
    public static async Task BytesAsync(HttpContext http, int code, string contentType, ReadOnlyMemory<byte> body)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private static Task JsonAsync(HttpContext http, int code, MemoryStream body)
    {
        body.WriteByte((byte)'\n');
        return BytesAsync(http, code, "application/json", body.GetBuffer().AsMemory(0, (int)body.Length));
    }
}
