using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>An answer.</summary>
/// <param name="Status">Its status; 0 when the connection failed.</param>
/// <param name="Text">Its body, or why there is none.</param>
/// <param name="Protocol">HTTP version.</param>
internal sealed record Reply(int Status, string Text, Version Protocol)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    /// <summary>What a pod said; null when it was no pod that answered.</summary>
    public EchoAnswer? Echo { get; } = Status == 200 && Text.StartsWith('{') ? JsonSerializer.Deserialize<EchoAnswer>(Text, Web) : null;

    /// <summary>In a few words.</summary>
    public override string ToString() => Echo is { } echo ? $"200 {echo.Namespace}/{echo.Pod}" : $"{Status} {Text.Trim().ReplaceLineEndings(" ")}";
}

/// <summary>A client with an address of its own that speaks to one place, whatever the URL's host is.</summary>
/// <param name="from">Its address.</param>
/// <param name="to">The edge, or a proxy.</param>
/// <param name="keepAlive">Whether connections are used again.</param>
internal sealed class Client(IPAddress from, IPEndPoint to, bool keepAlive = false) : IDisposable
{
    /// <summary>A client whose connections begin with some bytes.</summary>
    public Client(IPAddress from, IPEndPoint to, byte[] greeting)
        : this(from, to) => Greeting = greeting;

    /// <summary>What it says before anything else, if anything.</summary>
    public byte[] Greeting { get; } = [];

    /// <summary>The subject of the certificate that it was last shown.</summary>
    public string Certificate { get; private set; } = "none";

    private HttpClient Http => field ??= new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectCallback = ConnectAsync,
        PooledConnectionLifetime = keepAlive ? Timeout.InfiniteTimeSpan : TimeSpan.Zero,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions
        {
            // Which certificate is shown is what is looked at here, not whether this machine trusts a throw-away authority.
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
            {
                Certificate = shown?.Subject ?? "none";
                return shown is not null;
            },
        },
    })
    { Timeout = Waiting.Longest };

    /// <summary>Asks.</summary>
    /// <param name="url">With the host that is asked for; the port is left out.</param>
    /// <param name="version">HTTP version.</param>
    /// <param name="headers">More headers.</param>
    public async Task<Reply> GetAsync(string url, Version? version = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Version = version ?? HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var answer = await Http.SendAsync(request);
            return new((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Version);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            return new(0, (e.InnerException ?? e).Message, HttpVersion.Unknown);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext asked, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(to, cancel);
            if (Greeting.Length > 0)
                await socket.SendAsync(Greeting, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
