using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>Connections that are held open, each from an address of one's choice.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private readonly List<NetworkStream> open = [];
    private int refused;

    /// <summary>Those that were connected.</summary>
    public IReadOnlyList<NetworkStream> Open => open;

    /// <summary>Connects once more and sends some bytes; that it is refused meanwhile is counted.</summary>
    public async Task AddAsync(IPEndPoint to, IPAddress from, byte[]? bytes = null)
    {
        try
        {
            var stream = await WireClient.ConnectAsync(to, from);
            open.Add(stream);
            await stream.WriteAsync(bytes ?? []);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            refused += e is SocketException ? 1 : 0;
        }
    }

    /// <summary>How many the other side has refused, or ended.</summary>
    public async Task<int> EndedAsync()
    {
        await Task.Delay(300);
        return refused + open.Count(one => HasEnded(one.Socket));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in open)
            await one.DisposeAsync();
    }

    private static bool HasEnded(Socket socket)
    {
        socket.Blocking = false;
        var buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) > 0)
            {
            }

            return true;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode != SocketError.WouldBlock;
        }
    }
}
