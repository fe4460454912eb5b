using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>Pods: each answers every request on its loopback address with that address. Speaks just the HTTP/1.1 that a proxy needs.</summary>
public sealed class EchoPods : IDisposable
{
    private readonly List<Socket> listeners = [];
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Lets one more pod listen.</summary>
    public void Listen(IPAddress address, int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(address, port));
        listener.Listen(512);
        listeners.Add(listener);
        _ = AcceptAsync(listener, Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {address.ToString().Length}\r\n\r\n{address}"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopping.Cancel();
        foreach (var listener in listeners)
            listener.Dispose();
        stopping.Dispose();
    }

    private async Task AcceptAsync(Socket listener, byte[] answer)
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptAsync(stopping.Token), answer);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task ServeAsync(Socket connection, byte[] answer)
    {
        using var socket = connection;
        socket.NoDelay = true;
        var buffer = new byte[4096];
        var held = 0;
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(held), stopping.Token) is var count and > 0)
            {
                held += count;
                while (buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8) is var end and >= 0)
                {
                    held -= end + 4;
                    buffer.AsSpan(end + 4, held).CopyTo(buffer);
                    await socket.SendAsync(answer, stopping.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy hung up, or the run is over.
        }
    }
}
