using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Proxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Tests.Harness.Simulated;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>
/// After every single command: no route leads to a backend that is missing or unpublished, and a steady request that the process has
/// answered once is answered still. A process that says it is ready answers all of them.
/// </summary>
/// <param name="surroundings">The run.</param>
public sealed class MakeBeforeBreak(Surroundings surroundings)
{
    private readonly World world = surroundings.World;
    private readonly Dictionary<SimulatedHAProxy, bool[]> answered = [];

    /// <summary>Looks at a proxy that a command has just changed.</summary>
    public void Look(in ProxyCommand told)
    {
        if (!told.Command.Changes || told.Proxy.Process is not { } process)
            return;
        foreach (var (key, value) in process.Routes.Entries)
        {
            if (key == HAProxyRoutes.VersionKey || value is HAProxyRoutes.NoBackend or HAProxyRoutes.NoRoute)
                continue;
            if (told.Proxy.RefusedBackends.Contains(value) || told.Proxy.IgnoredRoutes.Contains(key))
                continue;
            if (process.Find(value) is not { } backend)
                Broken(told, $"{key} leads to {value}, which is not there");
            else if (!backend.Published)
                Broken(told, $"{key} leads to {value}, which is not published");
        }

        // Another cluster's list takes this one's place in one step, whatever is in use.
        if (surroundings.History != ClusterHistories.Another)
            LookAtRequests(told, process);
    }

    private void LookAtRequests(in ProxyCommand told, SimulatedHAProxy process)
    {
        if (!answered.TryGetValue(process, out var before))
            answered[process] = before = new bool[Routes.Steady.Length];
        for (var i = 0; i < before.Length; i++)
        {
            var (host, path) = Routes.Steady[i];
            var answer = process.Answer(host, path);
            if (answer.Status == 200)
                before[i] = true;
            else if (before[i] || process.IsReady)
                Broken(told, $"{host}{path} is answered {answer.Status} by {answer.Backend?.Name ?? "no backend"}");
        }
    }

    private void Broken(in ProxyCommand told, string what) =>
        world.Fail("make before break", $"after '{told.Command.Line}' of {told.By} on {told.Proxy.Name}: {what}");
}
