using Azure;
using Azure.Storage.Blobs.Specialized;

namespace IngressReconciler.Storage;

/// <summary>
/// One cluster's right to write to its proxies, held by one at a time: a blob lease on <c>lease</c>. A holder that dies loses it after
/// <see cref="StorageOptions.LeaseDuration"/>, unless a process takes its place (<see cref="LeaseHolder"/>): that one has it at once.
/// </summary>
public sealed class PushLease
{
    private const string Name = "lease";

    private readonly StorageFolder _folder;
    private readonly TimeSpan _duration;
    private readonly TimeProvider _time;
    private readonly LeaseHolder _holder;
    private string? _orphan;

    internal PushLease(StorageFolder folder, StorageOptions options, LeaseHolder holder, TimeProvider time) =>
        (_folder, _duration, _holder, _time) = (folder, options.LeaseDuration, holder, time);

    /// <summary>Takes the lease if it is free. One call.</summary>
    /// <returns>The lease, renewed until it is disposed; null while somebody else holds it.</returns>
    /// <exception cref="StorageUnavailableException">Not held; whatever storage made of the call is made good by the next one from here.</exception>
    public async Task<HeldLease?> TryAcquireAsync(CancellationToken cancel)
    {
        // Acquiring again under the same id is allowed: so a lease that we took or kept without knowing it blocks nobody until it expires.
        var id = Interlocked.Exchange(ref _orphan, null) ?? _holder.Id ?? Guid.NewGuid().ToString();
        var lease = _folder.Blob(Name).GetBlobLeaseClient(id);
        while (true)
        {
            var asked = _time.GetTimestamp();
            try
            {
                return await _folder.RunAsync(token => AcquireAsync(lease, token), cancel)
                    ? new(_folder, lease, _duration, asked, _time, abandon: () => _orphan = id)
                    : null;
            }
            catch (RequestFailedException missing) when (missing.Status == 404)
            {
                await _folder.WriteAsync(Name, ReadOnlyMemory<byte>.Empty, new() { IfNoneMatch = ETag.All }, cancel);
            }
            catch
            {
                _orphan = id;
                throw;
            }
        }
    }

    /// <summary>False while somebody else holds it. An instance that waits asks many times a second: that is no exception.</summary>
    private async Task<bool> AcquireAsync(BlobLeaseClient lease, CancellationToken cancel)
    {
        var context = new RequestContext { CancellationToken = cancel, ErrorOptions = ErrorOptions.NoThrow };
        using var answer = await lease.AcquireAsync(_duration, conditions: null, context);
        return !answer.IsError || (answer.Status == 409 ? false : throw new RequestFailedException(answer));
    }
}
