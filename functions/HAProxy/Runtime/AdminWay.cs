using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>How sessions with admin ports are opened.</summary>
/// <param name="Subject">Who we are at the other end, for messages.</param>
/// <param name="ConnectAsync">Opens a stream to a proxy, authenticated at both ends; throws as <see cref="AdminTls"/> does.</param>
internal sealed record AdminWay(string Subject, Func<ConfirmedProxy, CancellationToken, Task<Stream>> ConnectAsync)
{
    /// <summary>Over the network.</summary>
    public static AdminWay Tls(AdminCredentials credentials, ProxyOptions options) => new(
        credentials.Subject,
        async (proxy, cancel) => await AdminTls.ConnectAsync(proxy, credentials, options.ServerNameOf(proxy.Role), cancel));
}
