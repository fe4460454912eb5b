using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>A pod that takes every connection and answers nothing.</summary>
internal sealed class HangingPod : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> taken = [];

    public HangingPod()
    {
        listener.Start(2000);
        _ = AcceptAsync();
    }

    /// <summary>Where it listens on loopback.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Connections that it has taken.</summary>
    public int Taken => taken.Count;

    public void Dispose()
    {
        listener.Dispose();
        foreach (var one in taken)
            one.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                taken.Add(await listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
