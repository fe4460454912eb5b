using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Harness;

/// <summary>From a desired state to what a proxy should run, where a test has only the former.</summary>
public static class Compiling
{
    /// <summary>All that proxies of a role should run.</summary>
    public static HAProxyConfig Compiled(this DesiredState wanted, ProxyRole role = ProxyRole.Ingress) =>
        HAProxyCompiler.Compile(wanted, role);

    /// <summary>The same of each role.</summary>
    public static ProxyConfigs CompiledForEach(this DesiredState wanted) =>
        new(wanted.Compiled(ProxyRole.Ingress), wanted.Compiled(ProxyRole.Edge));

    /// <summary>Adds what differs for the proxies of a scope's role.</summary>
    public static void Add(this PlanScope scope, DesiredState before, DesiredState after, DesiredDifference difference) =>
        scope.Add(HAProxyCompiler.Advance(before.Compiled(scope.Role), after, difference).Difference);
}
