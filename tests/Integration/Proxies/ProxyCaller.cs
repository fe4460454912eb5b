using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>What came of a connection.</summary>
internal enum Outcome
{
    /// <summary>A request on it was answered 200.</summary>
    Served,

    /// <summary>It was closed or reset without an answer; on a TLS port, without a session.</summary>
    Closed,

    /// <summary>It was answered, and not with 200.</summary>
    Rejected,
}

/// <summary>What came of a connection, and as whose the proxy took it.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Client">The client's address as the proxy has it; null when it did not say.</param>
/// <param name="Text">All that was answered, or why there is no answer.</param>
internal sealed record Answer(Outcome Outcome, string? Client, string Text);

/// <summary>Connects from a chosen address, sends bytes as they are given and then a request that asks the proxy what it saw.</summary>
internal static class ProxyCaller
{
    /// <summary>Good for the path that says what the proxy saw, while <c>virt@state</c> has it.</summary>
    public const string Token = "vector-token";

    /// <summary>The request after the header.</summary>
    public static readonly byte[] Request = Encoding.ASCII.GetBytes(
        $"GET /.well-known/ingress-reconciler/probe HTTP/1.1\r\nHost: x.example\r\nX-Probe-Token: {Token}\r\nConnection: close\r\n\r\n");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Connects, sends a header and the request, and reads the answer.</summary>
    /// <param name="from">The own address.</param>
    /// <param name="to">The port.</param>
    /// <param name="header">What goes first, outside TLS.</param>
    /// <param name="tls">Whether the request goes in a TLS session after the header.</param>
    /// <param name="request">Another request than <see cref="Request"/>.</param>
    /// <exception cref="OperationCanceledException">Neither an answer nor an end came.</exception>
    public static Task<Answer> AskAsync(IPAddress from, IPEndPoint to, byte[] header, bool tls = false, byte[]? request = null) => TalkAsync(from, to, async (stream, cancel) =>
    {
        if (!tls)
        {
            await stream.WriteAsync((byte[])[.. header, .. request ?? Request], cancel);
            return stream;
        }

        if (header.Length > 0)
            await stream.WriteAsync(header, cancel);
        var session = new SslStream(stream, leaveInnerStreamOpen: true, (_, shown, _, _) => shown is not null);
        await session.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "x.example" }, cancel);
        await session.WriteAsync(request ?? Request, cancel);
        return session;
    });

    /// <summary>Connects, says something, and reads the answer from what that returns.</summary>
    /// <exception cref="OperationCanceledException">Neither an answer nor an end came.</exception>
    public static async Task<Answer> TalkAsync(IPAddress from, IPEndPoint to, Func<NetworkStream, CancellationToken, Task<Stream>> say)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(from, 0));
        try
        {
            await socket.ConnectAsync(to, patience.Token);
            await using var stream = new NetworkStream(socket);
            await using var answers = await say(stream, patience.Token);
            using var reader = new StreamReader(answers, Encoding.Latin1);
            return Read(await reader.ReadToEndAsync(patience.Token));
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            return new(Outcome.Closed, null, e.Message);
        }
    }

    private static Answer Read(string text)
    {
        if (text.Length == 0)
            return new(Outcome.Closed, null, text);
        if (!text.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            return new(Outcome.Rejected, null, text);
        var body = text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        if (!body.StartsWith('{'))
            return new(Outcome.Served, null, text);
        using var seen = JsonDocument.Parse(body);
        return new(Outcome.Served, seen.RootElement.GetProperty("client").GetString(), text);
    }
}
