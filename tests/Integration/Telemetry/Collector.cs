using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using IngressReconciler.Tests.Integration.Scenarios;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>Takes whatever is posted to it: an OpenTelemetry collector, or Application Insights.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, byte[] Body)> taken = [];
    private readonly WebApplication server;

    private Collector(WebApplication server) => this.server = server;

    public string Address => server.Urls.Single();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var server = builder.Build();
        var collector = new Collector(server);
        server.Run(collector.TakeAsync);
        await server.StartAsync();
        return collector;
    }

    /// <summary>Waits until a path was sent something that has both texts or bytes in it.</summary>
    public Task HasAsync(string path, params byte[][] parts) => Stage.UntilAsync(() => Task.FromResult(
        taken.Any(one => one.Path.EndsWith(path, StringComparison.Ordinal) && parts.All(part => one.Body.AsSpan().IndexOf(part) >= 0))
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"nothing of that at {path} among {string.Join(", ", taken.Select(one => $"{one.Path} ({one.Body.Length} bytes)"))}")));

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await using (var content = http.Request.Headers.ContentEncoding == "gzip" ? new GZipStream(http.Request.Body, CompressionMode.Decompress) : http.Request.Body)
            await content.CopyToAsync(body);
        taken.Enqueue((http.Request.Path, body.ToArray()));
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync("""{"itemsReceived":1,"itemsAccepted":1,"errors":[]}""");
    }
}
