using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>Takes connections on loopback and never says a word: a peer whose process hangs.</summary>
public sealed class SilentServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <summary>Listens from now on; the system's backlog takes the connections.</summary>
    public SilentServer() => _listener.Start(backlog: 64);

    /// <summary>The port to connect to.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }
}
