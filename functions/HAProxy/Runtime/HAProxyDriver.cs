using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>HAProxy as a kind of proxy: driven by its Runtime API over mutual TLS, never reloaded.</summary>
/// <param name="credentials">Ours at the admin port; must outlive all proxies. Null where no proxy can ever be known.</param>
/// <param name="options">Deadlines and limits.</param>
/// <param name="keys">Reads keys of certificates.</param>
/// <param name="time">The clock.</param>
public sealed class HAProxyDriver(AdminCredentials? credentials, ProxyOptions options, KeyPairReading keys, TimeProvider time) : IProxyDriver
{
    /// <inheritdoc/>
    public ProxyConfig Compile(DesiredState desired, ProxyRole role) => HAProxyCompiler.Compile(desired, role);

    /// <inheritdoc/>
    public IProxy Open(ConfirmedProxy proxy) => new HAProxyInstance(
        new(proxy, credentials ?? throw new InvalidOperationException($"{proxy} is known, and no credentials are"), options, time), keys, time);
}
