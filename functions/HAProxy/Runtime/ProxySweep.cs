using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// Removes from one proxy what is out of use, as soon as its last connection has gone. Needs no lease: HAProxy itself refuses to remove what is
/// in use, so nothing can be removed that somebody has come to want meanwhile.
/// </summary>
/// <param name="link">The way to the proxy.</param>
/// <param name="time">The clock.</param>
public sealed class ProxySweep(ProxyLink link, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<Step> left = [];
    private Task sweeping = Task.CompletedTask;
    private bool sweeps;

    /// <summary>Takes what is out of use.</summary>
    public void Add(IReadOnlyList<Step> steps)
    {
        lock (gate)
        {
            left.UnionWith(steps);
            if (left.Count == 0 || sweeps)
                return;
            sweeps = true;
            sweeping = Task.Run(SweepAsync);
        }
    }

    /// <summary>Ends it; what is left shows when the proxy is read back.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await sweeping;
        stopping.Dispose();
    }

    private async Task SweepAsync()
    {
        var pause = First;
        while (true)
        {
            try
            {
                await Task.Delay(pause, time, stopping.Token);
                Step[] steps;
                lock (gate)
                    steps = [.. left.OrderBy(step => step is DeleteBackend)];
                var later = await link.UseAsync((connection, token) => ProxyPush.SweepAsync(connection, steps, token), stopping.Token);
                pause = later.Count < steps.Length ? First : pause < Longest ? pause * 2 : Longest;
                if (!Goes(steps.Except(later)))
                    return;
            }
            catch (Exception e) when (e is ProxyUnavailableException or OperationCanceledException)
            {
                // A proxy that is back has everything looked at, and what is left to sweep with it.
                Goes(null);
                return;
            }
        }
    }

    /// <summary>Strikes off what is gone, all of it for null; false when nothing is left.</summary>
    private bool Goes(IEnumerable<Step>? gone)
    {
        lock (gate)
        {
            if (gone is null)
                left.Clear();
            else
                left.ExceptWith(gone);
            return sweeps = left.Count > 0;
        }
    }
}
