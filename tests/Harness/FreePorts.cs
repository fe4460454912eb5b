using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Harness;

/// <summary>
/// Ports of 127.0.0.1 for programs that are started later. A port that is only found free may be somebody else's by then: the source of a
/// connection, a listener on port 0, another test's. These lie below the range from which the kernel gives ports away (ip(7),
/// <c>ip_local_port_range</c>), each process takes them from a block that it holds as long as it lives, and none is given twice before all
/// others were.
/// </summary>
public static class FreePorts
{
    private const int First = 12_000;
    private const int BlockSize = 2_500;
    private const int Blocks = 8;

    private static readonly Lock Turn = new();
    // Held against other processes, and gone with ours however it ends.
    private static readonly (Socket Claim, int Start) Block = Claim();
    private static int next = 1;

    /// <summary>One that nobody has, and nobody else is given.</summary>
    public static int Take() => Take(1)[0];

    /// <summary>Some that nobody has, and nobody else is given.</summary>
    /// <exception cref="InvalidOperationException">There are not so many.</exception>
    public static int[] Take(int count)
    {
        var ports = new List<int>(count);
        lock (Turn)
        {
            for (var tried = 0; ports.Count < count; tried++)
            {
                if (tried == BlockSize)
                    throw new InvalidOperationException($"fewer than {count} ports of 127.0.0.1 are free from {Block.Start} on");
                var port = Block.Start + next;
                next = next % (BlockSize - 1) + 1;
                using var held = Hold(port);
                if (held is not null)
                    ports.Add(port);
            }
        }

        return [.. ports];
    }

    private static (Socket Claim, int Start) Claim()
    {
        for (var start = First; start < First + Blocks * BlockSize; start += BlockSize)
        {
            if (Hold(start) is { } claim)
                return (claim, start);
        }

        throw new InvalidOperationException($"port {First} and every {BlockSize}th above are taken: {Blocks} test runs are under way");
    }

    private static Socket? Hold(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            // Only a port that listens is held: .NET binds with SO_REUSEADDR.
            socket.Listen(1);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
