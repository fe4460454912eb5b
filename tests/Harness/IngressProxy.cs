using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Harness;

/// <summary>The ports of an ingress proxy.</summary>
public sealed record ProxyPorts(int Http, int Https, int HttpProxy, int HttpsProxy, int Admin, int Health)
{
    /// <summary>The bootstrap's own.</summary>
    public static ProxyPorts Usual { get; } = new(8080, 8443, 8081, 8444, 9443, 8404);

    /// <summary>Some that nobody listens on now.</summary>
    public static ProxyPorts Free()
    {
        var free = FreePorts(6);
        return new(free[0], free[1], free[2], free[3], free[4], free[5]);
    }

    /// <summary>Ports of 127.0.0.1 that nobody listens on now.</summary>
    public static int[] FreePorts(int count)
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

/// <summary>An ingress proxy: a real HAProxy with the bootstrap <c>infra/haproxy/ingress.cfg</c>, on loopback.</summary>
public class IngressProxy : IAsyncDisposable
{
    private readonly HAProxy haproxy;
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-proxy-").FullName;

    /// <summary>Makes it; it does not run yet.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="host">Its loopback address.</param>
    /// <param name="ports">Its ports.</param>
    /// <param name="pki">Whom it trusts, and who it is.</param>
    /// <param name="log">The file that it writes to; null for one that goes with it.</param>
    public IngressProxy(string name, IPAddress host, ProxyPorts ports, TestPki pki, string? log = null)
    {
        (Pki, Host, Ports) = (pki, host, ports);
        Address = new(name, host.ToString(), ports.Admin);
        string At(int port) => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        haproxy = new(
            HAProxy.Ingress,
            new Dictionary<string, string>
            {
                ["BIND_HTTP"] = At(ports.Http),
                ["BIND_HTTPS"] = At(ports.Https),
                ["BIND_HTTP_PROXY"] = At(ports.HttpProxy),
                ["BIND_HTTPS_PROXY"] = At(ports.HttpsProxy),
                ["BIND_ADMIN"] = At(ports.Admin),
                ["BIND_HEALTH"] = At(ports.Health),
                ["ADMIN_SOCKET"] = Path.Combine(folder, "admin.sock"),
                ["PKI"] = pki.Folder,
                ["MAXCONN"] = "1000",
                ["TRAFFIC_MAXCONN"] = "500",
            },
            new(host, ports.Admin),
            log ?? Path.Combine(folder, "log"));
    }

    /// <summary>Whom it trusts, and who it is.</summary>
    public TestPki Pki { get; }

    /// <summary>Its loopback address.</summary>
    public IPAddress Host { get; }

    /// <summary>Its ports.</summary>
    public ProxyPorts Ports { get; }

    /// <summary>Its name and admin port.</summary>
    public ProxyAddress Address { get; }

    /// <summary>The process id; another after each start.</summary>
    public int Pid => haproxy.Pid;

    /// <summary>Everything that it wrote to its standard output and error.</summary>
    public string Output => haproxy.Output;

    /// <summary>A session of its own on the admin port, with credentials that are taken.</summary>
    public async Task<RuntimeConnection> ConnectAsync(ProxyOptions? options = null, CancellationToken cancel = default)
    {
        using var credentials = Pki.Credentials();
        return await RuntimeConnection.OpenAsync(Address, credentials, options ?? new(), TimeProvider.System, cancel);
    }

    /// <summary>Starts it, on the same ports each time, and returns when the admin port accepts.</summary>
    public Task StartAsync() => haproxy.StartAsync();

    /// <summary>SIGUSR1, as the kubelet sends it; see <see cref="HAProxy.StopSoftlyAsync"/>.</summary>
    public Task StopSoftlyAsync() => haproxy.StopSoftlyAsync();

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public Task KillAsync() => haproxy.KillAsync();

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await haproxy.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
