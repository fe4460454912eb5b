using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>How a <see cref="Forwarder"/> treats connections.</summary>
internal enum Way
{
    /// <summary>Passes on.</summary>
    Open,

    /// <summary>Accepts, takes what comes, and says nothing.</summary>
    Mute,
}

/// <summary>A TCP forwarder on loopback that can stop forwarding in the ways in which networks do.</summary>
internal sealed class Forwarder : IAsyncDisposable
{
    private readonly int target;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<TcpClient, bool> open = [];
    private readonly Task accepting;
    private volatile Way way;
    private long left = long.MaxValue;

    /// <summary>Begins to forward.</summary>
    /// <param name="target">The port on 127.0.0.1 that it leads to.</param>
    public Forwarder(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How it treats connections; a change ends those that it has.</summary>
    public Way Way
    {
        get => way;
        set
        {
            way = value;
            if (value != Way.Mute)
                CutAll();
        }
    }

    /// <summary>Passes on so many bytes more of what clients send, and then cuts all connections; after that it forwards as before.</summary>
    public void CutAfter(long bytes) => Interlocked.Exchange(ref left, bytes);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await accepting;
        CutAll();
        stopping.Dispose();
    }

    private void CutAll()
    {
        foreach (var client in open.Keys)
            client.Client.Close(0);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ForwardAsync(await listener.AcceptTcpClientAsync(stopping.Token));
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        open[client] = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, target);
            await Task.WhenAny(CopyAsync(client, server, counts: true), CopyAsync(server, client, counts: false));
        }
        catch (SocketException)
        {
            // The server is gone.
        }
        finally
        {
            open.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, bool counts)
    {
        var bytes = new byte[16 << 10];
        try
        {
            while (await from.GetStream().ReadAsync(bytes, stopping.Token) is > 0 and var count)
            {
                if (way == Way.Mute)
                    continue;
                if (counts && Interlocked.Add(ref left, -count) <= 0)
                {
                    Interlocked.Exchange(ref left, long.MaxValue);
                    CutAll();
                    return;
                }

                await to.GetStream().WriteAsync(bytes.AsMemory(0, count), stopping.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the two is gone.
        }
    }
}
