using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using IngressReconciler.Edge;
using IngressReconciler.Proxies;

namespace IngressReconciler.Doctor;

/// <summary>What came of a connection.</summary>
/// <param name="Local">Our end of it; null when there was none.</param>
/// <param name="Status">The HTTP status of the answer; 0 for none.</param>
/// <param name="Said">What an ingress proxy said that has arrived; null when it was none of ours.</param>
/// <param name="Trouble">Why there was no connection, or no answer; null when there was one.</param>
public sealed record SpoofAnswer(IPEndPoint? Local, int Status, ProbeAnswer? Said, string? Trouble);

/// <summary>Connects and says of itself what is not true, as an attacker would: only whether it is believed is of interest.</summary>
/// <param name="host">An address or a name.</param>
/// <param name="port">TCP port.</param>
/// <param name="token">Has an ingress proxy say what arrived.</param>
/// <param name="from">Our address; null for the system's choice.</param>
public sealed class SpoofProbe(string host, int port, string token, IPAddress? from)
{
    private const int LongestAnswer = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>An address that nobody has (RFC 5737, RFC 3849).</summary>
    public static readonly IPAddress Nobody4 = IPAddress.Parse("203.0.113.7"), Nobody6 = IPAddress.Parse("2001:db8::7");

    /// <summary>Asks without a lie.</summary>
    public Task<SpoofAnswer> AskAsync(CancellationToken cancel) => AskAsync(static _ => "", "", cancel);

    /// <summary>Begins the connection with a PROXY header of version 1 that names nobody's address.</summary>
    public Task<SpoofAnswer> WithProxyHeaderAsync(CancellationToken cancel) => AskAsync(local => ProxyHeader(Nobody(local), local), "", cancel);

    /// <summary>Sends the headers in which proxies say who the client is, naming nobody's address.</summary>
    /// <param name="honestly">Whether a PROXY header with our own address goes first, where one must.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<SpoofAnswer> WithForwardedHeadersAsync(bool honestly, CancellationToken cancel) => AskAsync(
        local => honestly ? ProxyHeader(local.Address, local) : "", $"X-Forwarded-For: {Nobody4}\r\nX-Real-IP: {Nobody4}\r\nForwarded: for={Nobody4}\r\n", cancel);

    /// <summary>Whether a text has an address that only we have said.</summary>
    public static bool IsBelieved(string text) => text.Contains($"{Nobody4}", StringComparison.Ordinal) || text.Contains($"{Nobody6}", StringComparison.Ordinal);

    private static IPAddress Nobody(IPEndPoint local) => local.AddressFamily == AddressFamily.InterNetworkV6 ? Nobody6 : Nobody4;

    private static string ProxyHeader(IPAddress client, IPEndPoint local) => string.Create(
        CultureInfo.InvariantCulture, $"PROXY {(client.AddressFamily == AddressFamily.InterNetworkV6 ? "TCP6" : "TCP4")} {client} {client} {local.Port} 80\r\n");

    private async Task<SpoofAnswer> AskAsync(Func<IPEndPoint, string> ahead, string headers, CancellationToken cancel)
    {
        IPEndPoint? end = null;
        using var patience = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        using var socket = from is null ? new Socket(SocketType.Stream, ProtocolType.Tcp) : new(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (from is not null)
                socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(host, port, either.Token);
            var local = (IPEndPoint)socket.LocalEndPoint!;
            end = local.Address.IsIPv4MappedToIPv6 ? new(local.Address.MapToIPv4(), local.Port) : local;
            await using var stream = new NetworkStream(socket);
            var request = $"GET {ProbeToken.Path} HTTP/1.1\r\nHost: probe\r\n{ProbeToken.Header}: {token}\r\n{headers}Connection: close\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(ahead(end) + request), either.Token);
            return Read(end, await ReadAsync(stream, either.Token));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // Thrown out at once, before the system could tell that there is a connection.
            if (e is SocketException { SocketErrorCode: SocketError.ConnectionReset })
                end ??= new(from ?? IPAddress.Any, 0);
            return new(end, 0, null, e.GetBaseException().Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new(end, 0, null, $"no {(end is null ? "connection" : "answer")} within {Patience.TotalSeconds:0} s");
        }
    }

    private static async Task<string> ReadAsync(NetworkStream stream, CancellationToken cancel)
    {
        var buffer = new byte[LongestAnswer];
        var length = 0;
        while (length < buffer.Length && await stream.ReadAsync(buffer.AsMemory(length), cancel) is var count and > 0)
            length += count;
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static SpoofAnswer Read(IPEndPoint local, string text)
    {
        if (text.Length == 0)
            return new(local, 0, null, "it was closed without an answer");
        if (!text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || text.Length < 12 || !int.TryParse(text.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            return new(local, 0, null, "what answers there does not speak HTTP");
        try
        {
            var body = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            return new(
                local,
                status,
                status == 200 && body > 0 ? JsonSerializer.Deserialize(text[(body + 4)..], EdgeJson.Default.ProbeAnswer) : null,
                null);
        }
        catch (JsonException)
        {
            return new(local, status, null, null);
        }
    }
}
