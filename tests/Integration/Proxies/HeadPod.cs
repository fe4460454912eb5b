using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// A pod that answers each connection's one request with its own name and, from the next line on, the request as it came: head, and of a chunked
/// one chunks and trailers.
/// </summary>
internal sealed class HeadPod : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource over = new();
    private readonly Task serving;

    public HeadPod(string name)
    {
        Name = name;
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Its name, and that of the backend that has it.</summary>
    public string Name { get; }

    /// <summary>Where it listens on loopback.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What makes a backend of its name that leads to it.</summary>
    public string[] Backend =>
    [
        $"add backend {Name} from http", $"add server {Name}/pod ipv4@127.0.0.1:{Port}", $"set server {Name}/pod state ready", $"publish backend {Name}",
    ];

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await serving;
        listener.Dispose();
        over.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await listener.AcceptTcpClientAsync(over.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var open = client;
        try
        {
            await using var stream = client.GetStream();
            var request = new StringBuilder();
            var buffer = new byte[16384];
            while (!IsWhole(request.ToString()) && await stream.ReadAsync(buffer, over.Token) is > 0 and var read)
                request.Append(Encoding.Latin1.GetString(buffer, 0, read));
            var body = $"{Name}\n{request}";
            await stream.WriteAsync(
                Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"),
                over.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
        }
    }

    private static bool IsWhole(string request) =>
        request.EndsWith("\r\n\r\n", StringComparison.Ordinal)
        && (!request.Contains("\r\ntransfer-encoding: chunked\r\n", StringComparison.OrdinalIgnoreCase) || request.Contains("\r\n0\r\n", StringComparison.Ordinal));
}
