
namespace IngressReconciler.Proxies;

/// <summary>
/// A proxy whose address was said by somebody who may say it: the settings, Azure Resource Manager, or the API server. Only to such a
/// one is a connection opened, for private keys go there. An event's word makes none: the reconciler's <c>ProxyConfirmation</c>, which
/// asks one of those three, is the only place where one is made.
/// </summary>
public sealed record ConfirmedProxy
{
    internal ConfirmedProxy(ProxyAddress address) => Address = address;

    /// <summary>Where it is.</summary>
    public ProxyAddress Address { get; }

    /// <summary>Its name.</summary>
    public string Name => Address.Name;

    /// <summary>An IPv4 or IPv6 address, or a DNS name.</summary>
    public string Host => Address.Host;

    /// <summary>The TCP port of its admin frontend.</summary>
    public int AdminPort => Address.AdminPort;

    /// <summary>What it is for.</summary>
    public ProxyRole Role => Address.Role;

    /// <summary>Its name and place, as a setting names it.</summary>
    public override string ToString() => $"{Address}";
}
