using IngressReconciler.Planning;

namespace IngressReconciler.Tests.Harness;

/// <summary>From a desired state to what a proxy should run, where a test has only the former.</summary>
public static class Compiling
{
    /// <summary>All that proxies of a role should run.</summary>
    public static ProxyConfig Compiled(this Wanted wanted, ProxyRole role = ProxyRole.Ingress) => HAProxyCompiler.Compile(wanted, role);

    /// <summary>Adds what differs for the proxies of a scope's role.</summary>
    public static void Add(this PlanScope scope, Wanted before, Wanted after, WantedDifference difference) =>
        scope.Add(HAProxyCompiler.Advance(before.Compiled(scope.Role), after, difference).Difference);
}
