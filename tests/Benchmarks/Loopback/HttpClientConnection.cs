using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>A client's kept-alive connection to a proxy; one request at a time, nothing allocated for each.</summary>
public sealed class HttpClientConnection(IPEndPoint proxy) : IDisposable
{
    private readonly byte[] buffer = new byte[8192];
    private Socket? socket;

    /// <summary>A GET as a browser sends it, in short.</summary>
    public static byte[] Get(string host, string path) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, br\r\n\r\n");

    /// <summary>Sends a request; the status and the body, which is valid until the next one.</summary>
    public async ValueTask<(int Status, ReadOnlyMemory<byte> Body)> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        if (socket is null)
        {
            socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(proxy, cancel);
        }

        await socket.SendAsync(request, cancel);
        for (var held = 0; ;)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(held), cancel);
            if (count == 0)
                throw new IOException($"the proxy closed the connection after {held} bytes of an answer");
            held += count;
            if (Whole(buffer.AsSpan(0, held)) is not { } answer)
                continue;
            if (answer.Close)
                Close();
            return (answer.Status, buffer.AsMemory(answer.Head, answer.Body));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private static (int Status, int Head, int Body, bool Close)? Whole(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return null;
        var head = bytes[..(end + 2)];
        var length = 0;
        if (head.IndexOf("content-length: "u8) is var at and >= 0)
        {
            var value = head[(at + "content-length: ".Length)..];
            length = int.Parse(value[..value.IndexOf((byte)'\r')], NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return bytes.Length < end + 4 + length
            ? null
            : (int.Parse(head[9..12], NumberStyles.None, CultureInfo.InvariantCulture), end + 4, length, head.IndexOf("connection: close"u8) >= 0);
    }

    private void Close()
    {
        socket?.Dispose();
        socket = null;
    }
}
