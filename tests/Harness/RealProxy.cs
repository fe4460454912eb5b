using System.Net;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Harness;

/// <summary>A real HAProxy with a bootstrap of ours, on loopback.</summary>
public abstract class RealProxy : IAsyncDisposable
{
    private readonly RunningHAProxy haproxy;
    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-proxy-").FullName;

    /// <summary>Makes it; it does not run yet.</summary>
    /// <param name="address">Its name and admin port.</param>
    /// <param name="pki">Whom it trusts, and who it is.</param>
    /// <param name="bootstrap">What it starts with.</param>
    /// <param name="ports">The port for each <c>BIND_</c> variable.</param>
    /// <param name="log">The file that it writes to; null for one that goes with it.</param>
    private protected RealProxy(
        ConfirmedProxy address, TestPki pki, IReadOnlyList<string> bootstrap, IReadOnlyDictionary<string, int> ports, string? log)
    {
        (Address, Pki, Host) = (address, pki, IPAddress.Parse(address.Host));
        var environment = ports.ToDictionary(port => port.Key, port => new IPEndPoint(Host, port.Value).ToString());
        environment["ADMIN_SOCKET"] = Path.Combine(folder, "admin.sock");
        environment["BALANCER_SOCKET"] = Path.Combine(folder, "balancer.sock");
        environment["PKI"] = address.Role == ProxyRole.Edge ? Path.Combine(pki.Folder, "edge") : pki.Folder;
        environment["MAXCONN"] = "1500";
        environment["TRAFFIC_MAXCONN"] = "500";
        Environment = environment;
        haproxy = new(bootstrap, environment, new(Host, address.AdminPort), log ?? Path.Combine(folder, "log"));
    }

    /// <summary>Its name and admin port.</summary>
    public ConfirmedProxy Address { get; }

    /// <summary>What it reads from the environment; a change counts from its next start.</summary>
    public IDictionary<string, string> Environment { get; }

    /// <summary>Whom it trusts, and who it is.</summary>
    public TestPki Pki { get; }

    /// <summary>Its loopback address.</summary>
    public IPAddress Host { get; }

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

    /// <summary>SIGUSR1, as the kubelet sends it; see <see cref="RunningHAProxy.StopSoftlyAsync"/>.</summary>
    public Task StopSoftlyAsync() => haproxy.StopSoftlyAsync();

    /// <inheritdoc cref="RunningHAProxy.FreezeAsync"/>
    public Task FreezeAsync() => haproxy.FreezeAsync();

    /// <inheritdoc cref="RunningHAProxy.ThawAsync"/>
    public Task ThawAsync() => haproxy.ThawAsync();

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
