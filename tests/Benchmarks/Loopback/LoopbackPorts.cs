using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>Ports of 127.0.0.1.</summary>
public static class LoopbackPorts
{
    /// <summary>Ports that nobody listens on now.</summary>
    public static int[] Free(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
            listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
            listener.Dispose();
        return ports;
    }
}
