using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace IngressReconciler.Tests.Harness;

/// <summary>
/// Pods by the thousand in one web server. It listens at one port of every loopback address, and a pod is an address: what arrives there is answered
/// in its name with an <see cref="EchoAnswer"/>, with the headers that servers send (<c>Server</c>, <c>Date</c>, <c>Content-Length</c>).
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
            var body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(EchoAnswer.Of(http, name, ns), System.Text.Json.JsonSerializerOptions.Web);
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
