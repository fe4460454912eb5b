using Azure;
using Azure.Storage.Blobs.Specialized;

namespace IngressReconciler.Storage;

/// <summary>
/// A lease that is held: renewed every third of its duration until it is disposed, which gives it back in one call. What is done under
/// it must stop when <see cref="Lost"/> fires.
/// </summary>
public sealed class HeldLease : IAsyncDisposable
{
    private readonly StorageFolder _folder;
    private readonly BlobLeaseClient _lease;
    private readonly TimeSpan _usable;
    private readonly TimeProvider _time;
    private readonly Action _abandon;
    private readonly CancellationTokenSource _lost;
    private readonly CancellationTokenSource _done = new();
    private readonly Task _renewing;
    private long _asked;
    private bool _isKept;

    internal HeldLease(StorageFolder folder, BlobLeaseClient lease, TimeSpan duration, long asked, TimeProvider time, Action abandon)
    {
        (_folder, _lease, _time, _abandon, _asked) = (folder, lease, time, abandon, asked);
        // The last fifth is kept for a command that is already on its way to a proxy when the rest has passed.
        _usable = duration * 0.8;
        _lost = new(Remaining, time);
        Lost = _lost.Token;
        _renewing = RenewAsync(duration / 3);
    }

    /// <summary>
    /// Fires when another holder may soon be let in: the lease was broken, or could not be renewed and a fifth of its duration is left.
    /// Counted on this process's monotonic clock from before the renewal was asked for, so never later than storage's own count.
    /// </summary>
    public CancellationToken Lost { get; }

    /// <summary>Time until <see cref="Lost"/> fires unless renewed; zero once it has passed, even if a starved process has not fired.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = _usable - _time.GetElapsedTime(Interlocked.Read(ref _asked));
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>
    /// Asked before each thing that is done under the lease: a process that stood still may not have heard yet that it is lost.
    /// </summary>
    /// <exception cref="OperationCanceledException">The lease is lost.</exception>
    public void Demand()
    {
        if (Remaining == TimeSpan.Zero)
            throw new OperationCanceledException("the lease has run out", Lost);
    }

    /// <summary>
    /// Disposing does not give the lease back: what was done under it may be under way still, and the next holder waits for it to expire.
    /// </summary>
    public void Keep() => _isKept = true;

    /// <summary>Gives the lease back, for the next one to take at once. Never throws: a lease that cannot be given back expires.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_done.IsCancellationRequested)
            return;
        await _done.CancelAsync();
        await _renewing;
        try
        {
            if (Lost.IsCancellationRequested)
                _abandon(); // a renewal that was under way may have been done all the same
            else if (!_isKept)
                await _folder.RunAsync(token => _lease.ReleaseAsync(cancellationToken: token), CancellationToken.None);
        }
        catch (StorageUnavailableException)
        {
            _abandon();
        }
        catch (RequestFailedException)
        {
            // No longer ours: an earlier try whose answer was lost has released it, or it was broken.
        }
        _lost.Dispose();
        _done.Dispose();
    }

    private async Task RenewAsync(TimeSpan period)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(_done.Token, Lost);
        using var timer = new PeriodicTimer(period, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(ends.Token))
            {
                var asked = _time.GetTimestamp();
                try
                {
                    await _folder.RunAsync(token => _lease.RenewAsync(cancellationToken: token), ends.Token);
                    Interlocked.Exchange(ref _asked, asked);
                    _lost.CancelAfter(Remaining);
                }
                catch (StorageUnavailableException)
                {
                    // The next tick tries again; Lost fires by its own clock if none succeeds.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Given back or lost.
        }
        catch (RequestFailedException)
        {
            await _lost.CancelAsync();
        }
    }
}
