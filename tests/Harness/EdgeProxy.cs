using System.Globalization;
using System.Net;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Harness;

/// <summary>The ports of an edge proxy.</summary>
/// <param name="Http">For HTTP.</param>
/// <param name="Https">For TLS.</param>
/// <param name="HttpProxy">For HTTP, after a PROXY header.</param>
/// <param name="HttpsProxy">For TLS, after a PROXY header.</param>
/// <param name="ProbeHttp">The control plane's own way through, for HTTP.</param>
/// <param name="ProbeHttps">The same for TLS.</param>
/// <param name="Balancer">The load balancer's probe, with or without a PROXY header.</param>
/// <param name="Admin">The Runtime API.</param>
/// <param name="Health">Liveness, readiness and metrics.</param>
public sealed record EdgePorts(int Http, int Https, int HttpProxy, int HttpsProxy, int ProbeHttp, int ProbeHttps, int Balancer, int Admin, int Health)
{
    /// <summary>Some that nobody listens on now.</summary>
    public static EdgePorts Free()
    {
        var free = ProxyPorts.FreePorts(9);
        return new(free[0], free[1], free[2], free[3], free[4], free[5], free[6], free[7], free[8]);
    }
}

/// <summary>An edge proxy: a real HAProxy with the bootstrap <c>infra/haproxy/edge.cfg</c>, on loopback.</summary>
public sealed class EdgeProxy : IAsyncDisposable
{
    private readonly HAProxy haproxy;
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-edge-").FullName;

    /// <summary>Makes it; it does not run yet.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="host">Its loopback address.</param>
    /// <param name="ports">Its ports.</param>
    /// <param name="pki">Whom it trusts, and who it is.</param>
    /// <param name="log">The file that it writes to; null for one that goes with it.</param>
    public EdgeProxy(string name, IPAddress host, EdgePorts ports, TestPki pki, string? log = null)
    {
        (Name, Pki, Host, Ports) = (name, pki, host, ports);
        Address = new(name, host.ToString(), ports.Admin);
        string At(int port) => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        haproxy = new(
            HAProxy.Edge,
            new Dictionary<string, string>
            {
                ["BIND_HTTP"] = At(ports.Http),
                ["BIND_HTTPS"] = At(ports.Https),
                ["BIND_HTTP_PROXY"] = At(ports.HttpProxy),
                ["BIND_HTTPS_PROXY"] = At(ports.HttpsProxy),
                ["BIND_PROBE_HTTP"] = At(ports.ProbeHttp),
                ["BIND_PROBE_HTTPS"] = At(ports.ProbeHttps),
                ["BIND_BALANCER"] = At(ports.Balancer),
                ["BIND_ADMIN"] = At(ports.Admin),
                ["BIND_HEALTH"] = At(ports.Health),
                ["ADMIN_SOCKET"] = Path.Combine(folder, "admin.sock"),
                ["BALANCER_SOCKET"] = Path.Combine(folder, "balancer.sock"),
                ["PKI"] = pki.Folder,
                ["MAXCONN"] = "1000",
                ["TRAFFIC_MAXCONN"] = "500",
            },
            new(host, ports.Admin),
            log ?? Path.Combine(folder, "log"));
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Whom it trusts, and who it is.</summary>
    public TestPki Pki { get; }

    /// <summary>Its loopback address.</summary>
    public IPAddress Host { get; }

    /// <summary>Its ports.</summary>
    public EdgePorts Ports { get; }

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

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public Task KillAsync() => haproxy.KillAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await haproxy.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
