using Azure;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace IngressReconciler.Storage;

/// <summary>
/// Runs calls on one container: gives each a deadline, makes the container when it is missing, and turns every kind of outage into one
/// exception. An answer that the caller must judge (404, 409, 412, 416) passes as it came.
/// </summary>
internal sealed class StorageCalls(BlobContainerClient container, StorageOptions options)
{
    public BlobContainerClient Container => container;

    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        // The real clock: a deadline guards against what happens outside, also under a test's clock.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(options.Deadline);
        try
        {
            try
            {
                return await call(limit.Token);
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                await container.CreateIfNotExistsAsync(cancellationToken: limit.Token);
                return await call(limit.Token);
            }
        }
        catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
        {
            throw new StorageUnavailableException($"{Where} gave no answer within {options.Deadline.TotalSeconds:0.#} s. {IsItUp}", late);
        }
        catch (RequestFailedException refused) when (refused.Status is 401 or 403)
        {
            throw new StorageUnavailableException(
                $"{Where} refuses this identity ({refused.Status} {refused.ErrorCode}): give it the role Storage Blob Data Contributor there.",
                refused);
        }
        catch (AuthenticationFailedException unknown)
        {
            throw new StorageUnavailableException(
                $"No managed identity could sign in to {Where}: assign one to this app, or set its client id. {unknown.Message}", unknown);
        }
        catch (RequestFailedException failed) when (IsOutage(failed))
        {
            throw new StorageUnavailableException(
                $"{Where} failed with {failed.Status} {failed.ErrorCode}: {FirstLine(failed)} {IsItUp}", failed);
        }
        catch (Exception broken) when (broken is AggregateException or IOException)
        {
            var last = broken is AggregateException { InnerExceptions: [.., var inner] } ? inner : broken;
            throw new StorageUnavailableException($"{Where} cannot be reached: {FirstLine(last)} {IsItUp}", broken);
        }
    }

    private const string IsItUp = "See that the account is up and can be reached from here; the call may be repeated.";

    private string Where =>
        $"Container '{container.Name}' of storage account '{container.AccountName}' ({container.Uri.GetLeftPart(UriPartial.Authority)})";

    private static bool IsOutage(RequestFailedException failed) =>
        failed.Status is 0 or 408 or 429 or >= 500
        || failed.ErrorCode == BlobErrorCode.ContainerNotFound
        || failed.ErrorCode == BlobErrorCode.ContainerBeingDeleted
        || failed.ErrorCode == BlobErrorCode.ContainerDisabled;

    private static string FirstLine(Exception failure) => failure.Message.Split('\n', 2)[0].Trim();
}
