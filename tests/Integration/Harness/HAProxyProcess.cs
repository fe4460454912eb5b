using System.Net;
using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>An ingress proxy on free ports with a PKI of its own. As a fixture: one process for a class of tests; without an HAProxy, they fail.</summary>
public sealed class HAProxyProcess() : IngressProxy("haproxy", IPAddress.Loopback, ProxyPorts.Free(), new TestPki()), IAsyncLifetime
{
    /// <summary>Serves /livez, /readyz and /metrics.</summary>
    public int HealthPort => Ports.Health;

    /// <summary>Takes plain traffic.</summary>
    public int HttpPort => Ports.Http;

    /// <summary>Takes TLS traffic.</summary>
    public int HttpsPort => Ports.Https;

    /// <summary>Settings that fit the certificates.</summary>
    public static ProxyOptions Options { get; } = new();

    /// <summary>A session of its own, with credentials that are taken.</summary>
    internal Task<RuntimeConnection> ConnectAsync(ProxyOptions? options = null) => ConnectAsync(options, TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => await StartAsync();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Pki.Dispose();
    }
}
