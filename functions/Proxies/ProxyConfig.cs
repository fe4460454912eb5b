using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Proxies;

/// <summary>
/// All that the proxies of one kind and role are to run: what a driver compiles of a desired state, in the words of its kind. Immutable.
/// </summary>
/// <param name="Role">What the proxies are for.</param>
public abstract record ProxyConfig(ProxyRole Role)
{
    /// <summary>What of the desired state cannot be said to such proxies.</summary>
    public abstract IEnumerable<Finding> NotExpressible { get; }

    /// <summary>
    /// The same after a change of the desired state, at the cost of what it touches, and what differs. Equal to compiling all of the
    /// state anew.
    /// </summary>
    /// <param name="desired">The state now.</param>
    /// <param name="difference">What differs from the state that this was compiled of.</param>
    public abstract (ProxyConfig Next, ConfigDifference Difference) After(DesiredState desired, DesiredDifference difference);

    /// <summary>
    /// What differs when a difference is taken back that led to this configuration: the same parts, each with what it is here as what it
    /// was before.
    /// </summary>
    public abstract ConfigDifference Undo(ConfigDifference difference);
}

/// <summary>What differs between two configurations of one kind and role.</summary>
public abstract record ConfigDifference
{
    /// <summary>Nothing differs.</summary>
    public static ConfigDifference None { get; } = new NoDifference();

    /// <summary>Whether nothing differs.</summary>
    public abstract bool IsEmpty { get; }

    private sealed record NoDifference : ConfigDifference
    {
        public override bool IsEmpty => true;
    }
}
