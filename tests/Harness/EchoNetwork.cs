using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace IngressReconciler.Tests.Harness;

/// <summary>What a pod of an <see cref="EchoNetwork"/> saw of a request: all that <see cref="EchoAnswer"/> has, and more.</summary>
/// <param name="Pod">Its own name.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Peer">Who is at the other end of its TCP connection.</param>
/// <param name="ForwardedFor"><c>X-Forwarded-For</c>, all of its lines.</param>
/// <param name="RealIp"><c>X-Real-IP</c>, all of its lines.</param>
/// <param name="Proto"><c>X-Forwarded-Proto</c>.</param>
/// <param name="Host">The request's host.</param>
/// <param name="Path">The request's path, as it is written in a URL.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Protocol">The protocol of the request as it came here, such as <c>HTTP/1.1</c>.</param>
/// <param name="UserAgent">Its <c>User-Agent</c>.</param>
public sealed record EchoedRequest(
    string Pod, string Namespace, string Peer, string ForwardedFor, string RealIp, string Proto, string Host, string Path, string Method,
    string Protocol, string UserAgent);

/// <summary>
/// Pods by the thousand in one web server. It listens at one port of every loopback address, and a pod is an address: what arrives there is
/// answered in its name with an <see cref="EchoedRequest"/>, with the headers that servers send (<c>Server</c>, <c>Date</c>,
/// <c>Content-Length</c>).
/// </summary>
public sealed class EchoNetwork : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly ConcurrentDictionary<IPAddress, (string Namespace, string Name)> pods;
    private int last;

    private EchoNetwork(WebApplication web, ConcurrentDictionary<IPAddress, (string Namespace, string Name)> pods) =>
        (this.web, this.pods, Port) = (web, pods, new Uri(web.Urls.First()).Port);

    /// <summary>The port of every pod.</summary>
    public int Port { get; }

    /// <summary>How many pods there are.</summary>
    public int Count => pods.Count;

    /// <summary>Starts a network without pods.</summary>
    public static async Task<EchoNetwork> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0));
        var web = builder.Build();
        var pods = new ConcurrentDictionary<IPAddress, (string Namespace, string Name)>();
        web.Run(async http =>
        {
            // An address that is no pod's must not look like one: a pod that answers is known.
            var (ns, name) = pods.GetValueOrDefault(http.Connection.LocalIpAddress!, ("", $"nobody at {http.Connection.LocalIpAddress}"));
            var (request, headers) = (http.Request, http.Request.Headers);
            var seen = new EchoedRequest(
                name, ns, $"{http.Connection.RemoteIpAddress}",
                $"{headers["X-Forwarded-For"]}", $"{headers["X-Real-IP"]}", $"{headers["X-Forwarded-Proto"]}",
                request.Host.Value ?? "", request.Path, request.Method, request.Protocol, $"{headers.UserAgent}");
            var body = JsonSerializer.SerializeToUtf8Bytes(seen, JsonSerializerOptions.Web);
            (http.Response.ContentType, http.Response.ContentLength) = ("application/json", body.Length);
            await http.Response.Body.WriteAsync(body);
        });
        await web.StartAsync();
        return new(web, pods);
    }

    /// <summary>A new pod, which answers at once; its address, which no other pod has.</summary>
    public IPAddress Add(string ns, string name)
    {
        var number = Interlocked.Increment(ref last);
        var address = new IPAddress([127, 64, (byte)(number / 250), (byte)(1 + (number % 250))]);
        pods[address] = (ns, name);
        return address;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await web.StopAsync();
        await web.DisposeAsync();
    }
}
