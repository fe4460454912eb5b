using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>
/// A TCP forwarder in front of an HTTP/1.1 server on loopback that can lose answers: the server has done what was asked, the client never hears
/// of it.
/// </summary>
public sealed class CuttingForwarder : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _target;
    private readonly Task _accepting;
    private int _answersLeft = int.MaxValue;
    private int _answersToLose;
    private int _answers;
    private volatile bool _dark;

    /// <summary>Forwards to a loopback port.</summary>
    public CuttingForwarder(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The port to connect to.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Answers that the server has given so far, lost ones included.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>Whether everything is cut off now.</summary>
    public bool Dark
    {
        get => _dark;
        set
        {
            _dark = value;
            Volatile.Write(ref _answersLeft, int.MaxValue);
        }
    }

    /// <summary>Loses the next answers and cuts each one's connection; those after are passed on.</summary>
    public void LoseAnswers(int count) => Volatile.Write(ref _answersToLose, count);

    /// <summary>Passes on so many answers, loses the next, and is dark from then on: as if the client died there.</summary>
    public void DieAfter(int answers) => Volatile.Write(ref _answersLeft, answers);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ForwardAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using var both = client;
        client.NoDelay = true;
        try
        {
            if (Dark)
                return;
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(AskAsync(client, server), AnswerAsync(server, client));
        }
        catch (SocketException)
        {
            // The server is gone: so is the client's connection.
        }
    }

    private async Task AskAsync(TcpClient from, TcpClient to)
    {
        var bytes = new byte[64 << 10];
        while (await ReadAsync(from, bytes) is > 0 and var count && !Dark)
            await to.GetStream().WriteAsync(bytes.AsMemory(0, count), _end.Token);
    }

    private async Task AnswerAsync(TcpClient from, TcpClient to)
    {
        var bytes = new byte[64 << 10];
        while (await ReadAsync(from, bytes) is > 0 and var count && !Dark)
        {
            if (bytes.AsSpan(0, count).StartsWith("HTTP/1.1 "u8) && IsLost())
                return;
            await to.GetStream().WriteAsync(bytes.AsMemory(0, count), _end.Token);
        }
    }

    private bool IsLost()
    {
        Interlocked.Increment(ref _answers);
        if (Interlocked.Decrement(ref _answersLeft) < 0)
        {
            _dark = true;
            return true;
        }
        return Interlocked.Decrement(ref _answersToLose) >= 0;
    }

    private async Task<int> ReadAsync(TcpClient from, byte[] bytes)
    {
        try
        {
            return await from.GetStream().ReadAsync(bytes, _end.Token);
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            return 0;
        }
    }
}
