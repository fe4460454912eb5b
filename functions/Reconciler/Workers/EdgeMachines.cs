using System.Collections.Immutable;
using IngressReconciler.Proxies;
using IngressReconciler.ResourceManager;

namespace IngressReconciler.Workers;

/// <summary>
/// The edge's machines as they were last listed: handed over by whoever lists them to the reconciler's loop, which alone changes what is pushed to.
/// </summary>
/// <param name="set">Their scale set; null when there is none. Disposed of here.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where failures are told.</param>
public sealed partial class EdgeMachines(EdgeScaleSet? set, TimeProvider time, ILogger log) : IAsyncDisposable
{
    /// <summary>How old a list may be when there is something to push: a machine that came since would be left out.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromMinutes(1);

    private Task listing = Task.CompletedTask;
    private long? begun;
    private Listing? listed;

    private sealed record Listing(ImmutableArray<ConfirmedProxy> Proxies);

    /// <summary>Lists them if that was not done of late, without anybody waiting for it.</summary>
    /// <param name="wake">Called when they are listed.</param>
    /// <param name="cancel">Gives up.</param>
    public void Refresh(Action wake, CancellationToken cancel)
    {
        if (set is null || !listing.IsCompleted || (begun is { } last && time.GetElapsedTime(last) < Oldest))
            return;
        begun = time.GetTimestamp();
        listing = ListAsync(wake, cancel);
    }

    /// <summary>Lists them.</summary>
    /// <returns>Why they cannot be listed; null when they were.</returns>
    public async Task<string?> ListAsync(Action wake, CancellationToken cancel)
    {
        if (set is null)
            return null;
        try
        {
            Volatile.Write(ref listed, new(await ProxyConfirmation.ListAsync(set, cancel)));
            wake();
            return null;
        }
        catch (EdgeUnknownException e)
        {
            LogUnknown(e.Message);
            return e.Message;
        }
    }

    /// <summary>Takes what was listed since the last call; false when nothing was.</summary>
    public bool TryTake(out ImmutableArray<ConfirmedProxy> machines)
    {
        var taken = Interlocked.Exchange(ref listed, null);
        machines = taken?.Proxies ?? [];
        return taken is not null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await listing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // given up when we stop
        set?.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Edge: {Reason}; those that were known stay")]
    private partial void LogUnknown(string reason);
}
