using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>What came back.</summary>
/// <param name="Status">The response's status; 0 where the connection or the stream was closed without one.</param>
/// <param name="Head">HTTP/1: status line and headers; HTTP/2: empty.</param>
/// <param name="Body">The response's body, a character a byte.</param>
internal sealed record WireAnswer(int Status, string Head, string Body)
{
    /// <summary>A header's value in a request that a <see cref="HeadPod"/> says it got; null where it has none.</summary>
    public string? Seen(string name) => ValueIn(Body, name);

    /// <summary>A header's value among lines; null where there is none.</summary>
    public static string? ValueIn(string lines, string name) =>
        lines.Split('\n').FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase)) is { } line
            ? line[(name.Length + 2)..].TrimEnd('\r')
            : null;
}

/// <summary>Clients that write a request byte by byte, for no client of .NET's would send what these do. One connection a request.</summary>
internal static class WireClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A connection from a chosen address; the caller closes it.</summary>
    public static async Task<NetworkStream> ConnectAsync(IPEndPoint to, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
        {
            // The port is chosen when the peer is known, so that many sources and many tests do not use them up.
            socket.SetRawSocketOption(0, 24, [1, 0, 0, 0]); // ip(7), IP_BIND_ADDRESS_NO_PORT
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(to);
        return new(socket, ownsSocket: true);
    }

    /// <summary>Sends a request as it is written, a byte a character, and reads one response.</summary>
    public static async Task<WireAnswer> Http1Async(IPEndPoint to, string request, IPAddress? from = null, byte[]? before = null, bool tls = false)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            Stream stream = await ConnectAsync(to, from);
            await using var open = stream;
            await stream.WriteAsync(before ?? [], patience.Token);
            if (tls)
            {
                var session = new SslStream(stream, leaveInnerStreamOpen: true, (_, shown, _, _) => shown is not null);
                await session.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "x.example" }, patience.Token);
                stream = session;
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), patience.Token);
            return await ReadHttp1Async(stream, patience.Token);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return new(0, "", e.Message);
        }
    }

    /// <summary>Reads one response with a length, or up to the end.</summary>
    public static async Task<WireAnswer> ReadHttp1Async(Stream stream, CancellationToken cancel)
    {
        var answer = new StringBuilder();
        var left = int.MaxValue;
        for (var buffer = new byte[16384]; left > 0 && await stream.ReadAsync(buffer, cancel) is > 0 and var read;)
        {
            answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            var text = answer.ToString();
            if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var end && WireAnswer.ValueIn(text[..end], "content-length") is { } length)
                left = end + 4 + int.Parse(length, CultureInfo.InvariantCulture) - text.Length;
        }

        var all = answer.ToString();
        var head = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return head < 0 ? new(0, "", all) : new(int.Parse(all.AsSpan(9, 3), CultureInfo.InvariantCulture), all[..head], all[(head + 4)..]);
    }

    /// <summary>
    /// The same over HTTP/2 in the clear (RFC 9113), header fields as literals (RFC 7541, section 6.2.2): in the order given, and any byte in them.
    /// </summary>
    /// <param name="to">The port.</param>
    /// <param name="fields">Header fields, the pseudo ones too.</param>
    /// <param name="trailers">With these a body of three bytes comes between; null for neither.</param>
    /// <param name="from">The own address.</param>
    public static async Task<WireAnswer> Http2Async(
        IPEndPoint to, IReadOnlyList<(string Name, string Value)> fields, IReadOnlyList<(string Name, string Value)>? trailers = null, IPAddress? from = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await using var stream = await ConnectAsync(to, from);
            await stream.WriteAsync((byte[])[.. Preface, .. Request(1, fields, trailers)], patience.Token);
            var status = 0;
            var data = new MemoryStream();
            await foreach (var (type, flags, _, payload) in FramesAsync(stream, patience.Token))
            {
                if (type is 3 or 7)
                    return new(0, "", "");
                if (type == 0)
                    data.Write(payload);
                if (type == 1)
                    status = Status(payload);
                if (type is 0 or 1 && (flags & 1) != 0)
                    break;
            }

            return new(status, "", Encoding.Latin1.GetString(data.ToArray()));
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return new(0, "", e.Message);
        }
    }

    /// <summary>What a client begins with: preface and settings.</summary>
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, [])];

    /// <summary>The frames of a request.</summary>
    public static byte[] Request(int stream, IReadOnlyList<(string Name, string Value)> fields, IReadOnlyList<(string Name, string Value)>? trailers = null)
    {
        byte[] head = [.. fields.SelectMany(field => Field(field.Name, field.Value))];
        return trailers is null
            ? Frame(1, 5, stream, head)
            : [.. Frame(1, 4, stream, head), .. Frame(0, 0, stream, "abc"u8.ToArray()), .. Frame(1, 5, stream, [.. trailers.SelectMany(one => Field(one.Name, one.Value))])];
    }

    /// <summary>Frames as they come, to the connection's end.</summary>
    public static async IAsyncEnumerable<(byte Type, byte Flags, int Stream, byte[] Payload)> FramesAsync(
        Stream stream, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (var head = new byte[9]; await stream.ReadAtLeastAsync(head, 9, throwOnEndOfStream: false, cancel) == 9;)
        {
            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, cancel);
            yield return (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
    }

    /// <summary>The status at the head of a block of fields as HAProxy writes it: from the static table, or as a literal of its name.</summary>
    public static int Status(byte[] block) => block[0] switch
    {
        0x88 => 200,
        0x8c => 400,
        0x8d => 404,
        0x8e => 500,
        _ => int.Parse(Encoding.ASCII.GetString(block, 2, 3), CultureInfo.InvariantCulture),
    };

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var head = new byte[9];
        BinaryPrimitives.WriteInt32BigEndian(head, (payload.Length << 8) | type);
        head[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(5), stream);
        return [.. head, .. payload];
    }

    private static byte[] Field(string name, string value) => [0, .. Text(name), .. Text(value)];

    /// <summary>A string of RFC 7541, section 5.2, of fewer than 255 bytes.</summary>
    private static byte[] Text(string text) => text.Length < 127
        ? [(byte)text.Length, .. Encoding.Latin1.GetBytes(text)]
        : [127, .. text.Length - 127 < 128 ? [(byte)(text.Length - 127)] : (byte[])[(byte)(0x80 | ((text.Length - 127) & 0x7f)), (byte)((text.Length - 127) >> 7)], .. Encoding.Latin1.GetBytes(text)];
}
