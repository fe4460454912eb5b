using IngressReconciler.Proxies;
using IngressReconciler.Storage;

namespace IngressReconciler.Rounds;

/// <summary>This instance's turn to push.</summary>
/// <param name="free">The cluster's lease.</param>
/// <param name="proxies">They are pushed to within a turn only.</param>
public sealed class PushTurn(PushLease free, ProxySet proxies)
{
    /// <summary>The lease while it is ours, or was until it got lost; null between turns.</summary>
    public HeldLease? Lease { get; private set; }

    /// <summary>Whether the turn has ended before we ended it.</summary>
    public bool IsLost => Lease is { Lost.IsCancellationRequested: true };

    /// <summary>Takes the lease if we have not got it and it is free.</summary>
    /// <exception cref="StorageUnavailableException">Storage does not say whether it is.</exception>
    public async Task TakeAsync(CancellationToken cancel)
    {
        if (IsLost)
            await LetGoAsync();
        Lease ??= await free.TryAcquireAsync(cancel);
    }

    /// <summary>Lets the next one have it, when the pushes that are under way have ended.</summary>
    public async Task LetGoAsync()
    {
        if (Lease is { } held)
        {
            Lease = null;
            await proxies.IdleAsync();
            await held.DisposeAsync();
        }
    }
}
