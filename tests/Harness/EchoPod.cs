using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IngressReconciler.Tests.Harness;

/// <summary>What a pod saw of a request.</summary>
/// <param name="Pod">Its own name.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Peer">Who is at the other end of its TCP connection.</param>
/// <param name="ForwardedFor"><c>X-Forwarded-For</c>, all of its lines.</param>
/// <param name="RealIp"><c>X-Real-IP</c>, all of its lines.</param>
/// <param name="Proto"><c>X-Forwarded-Proto</c>.</param>
/// <param name="Host">The request's host.</param>
/// <param name="Path">The request's path.</param>
public sealed record EchoAnswer(string Pod, string Namespace, string Peer, string ForwardedFor, string RealIp, string Proto, string Host, string Path);

/// <summary>
/// A pod, so to speak: a web server on an address of its own that answers every request with an <see cref="EchoAnswer"/>; after
/// <c>?wait=</c> milliseconds, or with <c>?hold</c> once it is let go.
/// </summary>
public sealed class EchoPod : IAsyncDisposable
{
    private readonly WebApplication web;
    private TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int held;

    private EchoPod(WebApplication web, string ns, string name, IPEndPoint place) => (this.web, Namespace, Name, Place) = (web, ns, name, place);

    /// <summary>Requests with <c>?hold</c> that wait.</summary>
    public int Held => Volatile.Read(ref held);

    /// <summary>Lets those go on that wait now.</summary>
    public void Release() => Interlocked.Exchange(ref released, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Its namespace.</summary>
    public string Namespace { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Place { get; }

    /// <summary>Starts one.</summary>
    /// <exception cref="IOException">The place is taken.</exception>
    public static async Task<EchoPod> StartAsync(string ns, string name, IPEndPoint place)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(place);
        });
        var web = builder.Build();
        var pod = new EchoPod(web, ns, name, place);
        web.Run(async http =>
        {
            var request = http.Request;
            if (request.Query.ContainsKey("hold"))
                await pod.HoldAsync(http.RequestAborted);
            if (int.TryParse(request.Query["wait"], NumberStyles.None, CultureInfo.InvariantCulture, out var wait))
                await Task.Delay(wait);
            var connection = http.Connection;
            await http.Response.WriteAsJsonAsync(new EchoAnswer(
                name, ns, $"{connection.RemoteIpAddress}", $"{request.Headers["X-Forwarded-For"]}", $"{request.Headers["X-Real-IP"]}",
                $"{request.Headers["X-Forwarded-Proto"]}", request.Host.Value ?? "", request.Path));
        });
        await web.StartAsync();
        return pod;
    }

    private async Task HoldAsync(CancellationToken aborted)
    {
        var until = Volatile.Read(ref released).Task;
        Interlocked.Increment(ref held);
        try
        {
            await until.WaitAsync(aborted);
        }
        finally
        {
            Interlocked.Decrement(ref held);
        }
    }

    /// <summary>Ends it as a pod ends: running requests finish.</summary>
    public async ValueTask DisposeAsync()
    {
        await web.StopAsync();
        await web.DisposeAsync();
    }
}
