using System.Globalization;
using System.Net;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Workers;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>A HAProxy on free ports of 127.0.0.1 that logs into nothing, as fast as that can be.</summary>
public sealed class LoopbackProxy : IAsyncDisposable
{
    private readonly RunningHAProxy process;
    private readonly ProxyPorts ports = ProxyPorts.Free();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ingress-reconciler-bench-");

    /// <summary>Makes it; it does not run yet.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="pki">Whom it trusts, and who it is.</param>
    /// <param name="threads">Its threads.</param>
    /// <param name="configuration">Another configuration than the bootstrap, which reads the same environment variables.</param>
    public LoopbackProxy(string name, TestPki pki, int threads, string? configuration = null)
    {
        Address = ProxyConfirmation.OfSetting($"{new ProxyAddress(name, "127.0.0.1", ports.Admin)}");
        process = new(
            configuration is null ? RunningHAProxy.Ingress : [configuration],
            new Dictionary<string, string>
            {
                ["BIND_HTTP"] = Traffic.ToString(),
                ["BIND_HTTPS"] = new IPEndPoint(IPAddress.Loopback, ports.Https).ToString(),
                ["BIND_HTTP_PROXY"] = new IPEndPoint(IPAddress.Loopback, ports.HttpProxy).ToString(),
                ["BIND_HTTPS_PROXY"] = new IPEndPoint(IPAddress.Loopback, ports.HttpsProxy).ToString(),
                ["BIND_ADMIN"] = new IPEndPoint(IPAddress.Loopback, ports.Admin).ToString(),
                ["BIND_HEALTH"] = Health.ToString(),
                ["ADMIN_SOCKET"] = Path.Combine(folder.FullName, "admin.sock"),
                ["PKI"] = pki.Folder,
                ["THREADS"] = threads.ToString(CultureInfo.InvariantCulture),
                ["MAXCONN"] = "5000",
                ["TRAFFIC_MAXCONN"] = "4000",
            },
            Traffic,
            "/dev/null");
    }

    /// <summary>Its admin port.</summary>
    public ConfirmedProxy Address { get; }

    /// <summary>Takes plain traffic.</summary>
    public IPEndPoint Traffic => new(IPAddress.Loopback, ports.Http);

    /// <summary>Serves /readyz.</summary>
    public IPEndPoint Health => new(IPAddress.Loopback, ports.Health);

    /// <summary>Its process id.</summary>
    public int Pid => process.Pid;

    /// <summary>Starts it, on the same ports each time, and returns when it accepts connections.</summary>
    public Task StartAsync() => process.StartAsync();

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public Task KillAsync() => process.KillAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
