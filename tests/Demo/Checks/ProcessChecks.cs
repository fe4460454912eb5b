using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Harness;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>No HAProxy was reloaded or restarted by anybody but this demo.</summary>
internal sealed class ProcessChecks
{
    private readonly Dictionary<string, RuntimeProcess> seen = [];

    /// <summary>Remembers which process answers for a proxy.</summary>
    public async Task RememberAsync(IngressProxy proxy) => seen[proxy.Address.Name] = await ProcessAsync(proxy);

    public async Task RunAsync(Landscape landscape, Checklist list)
    {
        foreach (var proxy in landscape.Proxies)
        {
            await list.RunAsync($"{proxy.Address.Name} was never reloaded or restarted by the reconciler", async () =>
            {
                var (before, now) = (seen[proxy.Address.Name], await ProcessAsync(proxy));
                var saw = $"pid {now.Pid} since {now.StartedAt:HH:mm:ss}";
                Require(now.Pid == before.Pid && now.StartedAt == before.StartedAt && now.Pid == proxy.Pid, $"{saw}; before pid {before.Pid} since {before.StartedAt:HH:mm:ss}");
                return $"{saw}, HAProxy {now.Version}";
            });
        }
    }

    private static async Task<RuntimeProcess> ProcessAsync(IngressProxy proxy)
    {
        await using var connection = await proxy.ConnectAsync();
        return connection.Process;
    }
}
