using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>HAProxy as a kind of proxy: driven by its Runtime API over mutual TLS, never reloaded.</summary>
public sealed class HAProxyDriver : IProxyDriver
{
    private readonly AdminWay? way;
    private readonly ProxyOptions options;
    private readonly KeyPairReading keys;
    private readonly TimeProvider time;
    private readonly Random random;

    /// <summary>Makes it; nothing is connected yet.</summary>
    /// <param name="credentials">Ours at the admin port; must outlive all proxies. Null where no proxy can ever be known.</param>
    /// <param name="options">Deadlines and limits.</param>
    /// <param name="keys">Reads keys of certificates.</param>
    /// <param name="time">The clock.</param>
    public HAProxyDriver(AdminCredentials? credentials, ProxyOptions options, KeyPairReading keys, TimeProvider time)
        : this(credentials is null ? null : AdminWay.Tls(credentials, options), options, keys, time, Random.Shared)
    {
    }

    /// <summary>The same by another way to the proxies.</summary>
    internal HAProxyDriver(AdminWay? way, ProxyOptions options, KeyPairReading keys, TimeProvider time, Random random) =>
        (this.way, this.options, this.keys, this.time, this.random) = (way, options, keys, time, random);

    /// <inheritdoc/>
    public ProxyConfig Compile(DesiredState desired, ProxyRole role) => HAProxyCompiler.Compile(desired, role);

    /// <inheritdoc/>
    public IProxy Open(ConfirmedProxy proxy) => way is null
        ? throw new InvalidOperationException($"{proxy} is known, and no credentials are")
        : new HAProxyInstance(new(proxy, way, options, time, random), keys, time);
}
