using IngressReconciler.Proxies;
using IngressReconciler.Workers;

namespace IngressReconciler.Tests.Harness;

/// <summary>Proxies at other places than their own.</summary>
public static class ProxyPlaces
{
    /// <summary>The same proxy at another port, as if a setting named it there.</summary>
    public static ConfirmedProxy At(this ConfirmedProxy proxy, int port) =>
        ProxyConfirmation.OfSetting($"{proxy.Address with { AdminPort = port }}", proxy.Role);
}
