using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>
/// Who has which loopback address: every part has its own, as it would have in a cluster, so that addresses tell who spoke to whom. The
/// first free range of 127.0.0.0/8 is taken and held.
/// </summary>
internal sealed class DemoNetwork : IDisposable
{
    private const int HostPort = 7071;
    private const int ClaimPort = 8405;

    private readonly byte range;
    private readonly Socket claim;

    private DemoNetwork(byte range, int shift, Socket claim)
    {
        (this.range, this.claim, Ports) = (range, claim, PortsAt(shift));
        var (http, https) = (Free(Ports.Http), Free(Ports.Https));
        (EdgeHttp, EdgeHttps, Host) = (new(IPAddress.Loopback, http), new(IPAddress.Loopback, https), Free(HostPort + shift));
    }

    /// <summary>The ports of each ingress proxy.</summary>
    public ProxyPorts Ports { get; }

    /// <summary>Where clients reach the edge: 127.0.0.1, for which every name under <c>.localhost</c> stands.</summary>
    public IPEndPoint EdgeHttp { get; }

    /// <summary>The same for TLS.</summary>
    public IPEndPoint EdgeHttps { get; }

    /// <summary>Where the edge's connections to the ingress proxies come from.</summary>
    public static IPAddress EdgeSource => IPAddress.Loopback;

    /// <summary>Port of the Functions host's stand-in.</summary>
    public int Host { get; }

    /// <summary>An ingress proxy's address, from 1.</summary>
    public IPAddress Proxy(int number) => At(4, number);

    /// <summary>A client's address, from 1.</summary>
    public IPAddress Client(int number) => At(3, number);

    /// <summary>A pod's address and port, from 1.</summary>
    public IPEndPoint Pod(int number) => new(At(1, number), Ports.Http);

    /// <summary>Takes a range where nothing listens on any port that is needed.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static DemoNetwork Take()
    {
        foreach (var shift in new[] { 0, 10_000, 20_000 })
        {
            for (byte range = 0; range < 100; range += 10)
            {
                var (address, ports) = (Address(range, 4, 1), PortsAt(shift));
                if (new[] { ports.Http, ports.Https, ports.HttpProxy, ports.HttpsProxy, ports.Admin, ports.Health }.All(port => IsFree(address, port)) && Bind(address, ClaimPort + shift) is { } claim)
                    return new(range, shift, claim);
            }
        }

        throw new InvalidOperationException("ports 8080, 8081, 8443, 8444, 9443 and 8404, and those 10000 and 20000 above, are taken on every loopback address that was tried");
    }

    /// <inheritdoc/>
    public void Dispose() => claim.Dispose();

    private IPAddress At(byte third, int number) => Address(range, third, number);

    private static IPAddress Address(byte range, byte third, int number) => IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"127.{range}.{third}.{number}"));

    private static ProxyPorts PortsAt(int shift)
    {
        var (http, https, httpProxy, httpsProxy, admin, health) = ProxyPorts.Usual;
        return new(http + shift, https + shift, httpProxy + shift, httpsProxy + shift, admin + shift, health + shift);
    }

    private static int Free(int wish) => IsFree(IPAddress.Loopback, wish) ? wish : FreePorts.Take();

    private static bool IsFree(IPAddress address, int port)
    {
        using var socket = Bind(address, port);
        return socket is not null;
    }

    /// <summary>Null when the port is taken, on that address or on all.</summary>
    private static Socket? Bind(IPAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
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
