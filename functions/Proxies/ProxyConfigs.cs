using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Proxies;

/// <summary>What the proxies of each role are to run.</summary>
/// <param name="Ingress">Ingress proxies.</param>
/// <param name="Edge">Edge proxies.</param>
public sealed record ProxyConfigs(ProxyConfig Ingress, ProxyConfig Edge)
{
    /// <summary>Of a whole desired state.</summary>
    public static ProxyConfigs Of(IProxyDriver driver, DesiredState desired) =>
        new(driver.Compile(desired, ProxyRole.Ingress), driver.Compile(desired, ProxyRole.Edge));

    /// <summary>What the proxies of a role are to run.</summary>
    public ProxyConfig this[ProxyRole role] => role == ProxyRole.Edge ? Edge : Ingress;

    /// <summary>What cannot be said to the proxies.</summary>
    public IEnumerable<Finding> Findings => Ingress.NotExpressible.Concat(Edge.NotExpressible);

    /// <summary>The same after a difference of the desired state, with what differs for each role.</summary>
    public (ProxyConfigs Next, Func<ProxyRole, ConfigDifference> Difference) After(DesiredState desired, DesiredDifference difference)
    {
        var (ingress, ofIngress) = Ingress.After(desired, difference);
        var (edge, ofEdge) = Edge.After(desired, difference);
        return (new(ingress, edge), role => role == ProxyRole.Edge ? ofEdge : ofIngress);
    }
}
