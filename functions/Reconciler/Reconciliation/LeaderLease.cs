using IngressReconciler.Storage;
using IngressReconciler.Workers;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// The right to push, which one instance has at a time. Where no other instance has written lately the lease is kept for a moment after
/// the last push: the next change then waits neither for it nor for a look at what others did.
/// </summary>
/// <param name="free">The cluster's lease.</param>
/// <param name="proxies">They are pushed to under the lease only.</param>
/// <param name="time">The clock.</param>
public sealed class LeaderLease(PushLease free, ProxySet proxies, TimeProvider time)
{
    /// <summary>How long it is kept after its last use.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromMilliseconds(500);

    /// <summary>How long after another instance has written nothing is kept from it.</summary>
    private static readonly TimeSpan SharedFor = TimeSpan.FromMinutes(1);

    private long used = time.GetTimestamp();
    private long? shared;

    /// <summary>The lease while it is ours, or was until it got lost; null otherwise.</summary>
    public HeldLease? Lease { get; private set; }

    /// <summary>Whether it was lost before it was released.</summary>
    public bool IsLost => Lease is { Lost.IsCancellationRequested: true };

    /// <summary>Whether it is kept though there is nothing to do.</summary>
    public bool IsKept =>
        time.GetElapsedTime(used) < KeptFor && (shared is not { } seen || time.GetElapsedTime(seen) > SharedFor);

    /// <summary>There was something to do.</summary>
    public void Use() => used = time.GetTimestamp();

    /// <summary>Another instance has something to do as well.</summary>
    public void Share() => shared = time.GetTimestamp();

    /// <summary>Takes the lease if we have not got it and it is free.</summary>
    /// <exception cref="StorageUnavailableException">Storage does not say whether it is.</exception>
    public async Task AcquireAsync(CancellationToken cancel)
    {
        if (IsLost)
            await ReleaseAsync();
        Lease ??= await free.TryAcquireAsync(cancel);
    }

    /// <summary>Releases it, when the pushes that are under way have ended.</summary>
    public async Task ReleaseAsync()
    {
        if (Lease is { } held)
        {
            Lease = null;
            await proxies.IdleAsync();
            if (proxies.Workers.Any(worker => worker.WasLeft))
                held.Keep();
            await held.DisposeAsync();
        }
    }
}
