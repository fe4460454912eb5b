using IngressReconciler.Desired;

namespace IngressReconciler.Proxies;

/// <summary>
/// One kind of proxy: how a desired state becomes what such a proxy is to run, and how one is reached. Everything that is particular to
/// the kind stays behind this: the reconciler knows no proxy's words.
/// </summary>
public interface IProxyDriver
{
    /// <summary>Compiles all of a desired state, once for all proxies of a role.</summary>
    ProxyConfig Compile(DesiredState desired, ProxyRole role);

    /// <summary>Makes the one way to a proxy; nothing is connected yet.</summary>
    IProxy Open(ConfirmedProxy proxy);
}
