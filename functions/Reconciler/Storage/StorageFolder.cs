using System.Globalization;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace IngressReconciler.Storage;

/// <summary>What a read brought: a status that says whether the rest means anything.</summary>
/// <param name="Status">200 or 206 with content, 304 unchanged, 404 no such blob, 416 nothing in that range.</param>
/// <param name="Content">The bytes; empty but for 200 and 206.</param>
/// <param name="Tag">The blob's ETag; empty but for 200 and 206.</param>
/// <param name="Blocks">Appended blocks of an append blob, as far as the answer says; otherwise 0.</param>
internal readonly record struct BlobAnswer(int Status, ReadOnlyMemory<byte> Content = default, string Tag = "", int Blocks = 0)
{
    public bool Found => Status is 200 or 206;
}

/// <summary>A blob as it is listed.</summary>
/// <param name="Name">Its name below the folder.</param>
/// <param name="Changed">When it was last written, by storage's clock.</param>
/// <param name="Size">Bytes of its content.</param>
/// <param name="Tag">Its ETag.</param>
/// <param name="Metadata">Its metadata, by names in any case.</param>
internal sealed record BlobEntry(string Name, DateTimeOffset Changed, long Size, string Tag, IReadOnlyDictionary<string, string> Metadata);

/// <summary>The blobs below one prefix, by their names below it. Each method is one call; conflicts are results, outages exceptions.</summary>
internal sealed class StorageFolder(StorageCalls calls, string prefix)
{
    // A larger blob goes in blocks, so that each keeps its own time limit.
    private static readonly StorageTransferOptions OneCallForMost = new() { InitialTransferSize = 8 << 20, MaximumTransferSize = 8 << 20 };

    // More than any state of ours packs to, with the bound of a snapshot's unpacked bytes.
    private const long LongestBlob = 256 << 20;

    public StorageFolder Below(string name) => new(calls, $"{prefix}{name}/");

    public BlobClient Blob(string name) => calls.Container.GetBlobClient(prefix + name);

    public AppendBlobClient AppendBlob(string name) => calls.Container.GetAppendBlobClient(prefix + name);

    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel) => calls.RunAsync(call, cancel);

    public override string ToString() => prefix;

    /// <summary>Reads a blob, or a part of it; with <paramref name="knownTag"/> only if it has changed.</summary>
    /// <exception cref="InvalidDataException">It is longer than any of ours.</exception>
    public async Task<BlobAnswer> ReadAsync(string name, CancellationToken cancel, HttpRange range = default, string? knownTag = null)
    {
        var request = new BlobDownloadOptions
        {
            Range = range,
            Conditions = knownTag is null ? null : new() { IfNoneMatch = new ETag(knownTag) },
        };
        try
        {
            return await calls.RunAsync(token => DownloadAsync(Blob(name), request, token), cancel);
        }
        catch (RequestFailedException answer) when (answer.Status is 304 or 404 or 416)
        {
            return new(answer.Status);
        }
    }

    /// <summary>Writes a whole blob and returns its new ETag; null when <paramref name="conditions"/> do not hold.</summary>
    public async Task<string?> WriteAsync(
        string name, ReadOnlyMemory<byte> content, BlobRequestConditions? conditions, CancellationToken cancel,
        IDictionary<string, string>? metadata = null)
    {
        var request = new BlobUploadOptions { Conditions = conditions, TransferOptions = OneCallForMost, Metadata = metadata };
        try
        {
            var written = await calls.RunAsync(token => Blob(name).UploadAsync(BinaryData.FromBytes(content), request, token), cancel);
            return written.Value.ETag.ToString();
        }
        catch (RequestFailedException answer) when (answer.Status == 412 || answer.ErrorCode == BlobErrorCode.BlobAlreadyExists)
        {
            return null;
        }
    }

    /// <summary>Deletes a blob; a missing one is fine.</summary>
    public Task DeleteAsync(string name, CancellationToken cancel) =>
        calls.RunAsync(token => Blob(name).DeleteIfExistsAsync(cancellationToken: token), cancel);

    /// <summary>Deletes a blob that was not written since it was listed; a missing one is fine.</summary>
    public async Task DeleteAsync(string name, string tag, CancellationToken cancel)
    {
        var unchanged = new BlobRequestConditions { IfMatch = new ETag(tag) };
        try
        {
            await calls.RunAsync(token => Blob(name).DeleteIfExistsAsync(conditions: unchanged, cancellationToken: token), cancel);
        }
        catch (RequestFailedException answer) when (answer.Status == 412)
        {
            // It is in use again.
        }
    }

    /// <summary>Names below the prefix in ordinal order, with the time of the last change. One call for each 5,000.</summary>
    public Task<List<(string Name, DateTimeOffset Changed)>> ListAsync(CancellationToken cancel, int most = int.MaxValue) =>
        calls.RunAsync(
            async token =>
            {
                var found = new List<(string, DateTimeOffset)>();
                var blobs = calls.Container.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, token);
                await foreach (var page in blobs.AsPages(pageSizeHint: Math.Min(most, 5_000)))
                {
                    foreach (var blob in page.Values)
                        found.Add((blob.Name[prefix.Length..], blob.Properties.LastModified ?? DateTimeOffset.MaxValue));
                    if (found.Count >= most)
                        break;
                }
                return found;
            },
            cancel);

    /// <summary>The blobs whose names begin so, in ordinal order of their names, with their metadata. One call for each 5,000.</summary>
    public async Task<List<BlobEntry>> EntriesAsync(string below, CancellationToken cancel)
    {
        var found = new List<BlobEntry>();
        var request = new GetBlobsOptions { Prefix = prefix + below, Traits = BlobTraits.Metadata };
        for (string? next = null; next != "";)
        {
            var from = next;
            var page = await calls.RunAsync(token => PageAsync(request, from, token), cancel);
            found.AddRange(page.Values.Select(blob => new BlobEntry(
                blob.Name[prefix.Length..],
                blob.Properties.LastModified ?? DateTimeOffset.MaxValue,
                blob.Properties.ContentLength ?? 0,
                blob.Properties.ETag?.ToString() ?? "",
                new Dictionary<string, string>(blob.Metadata ?? new Dictionary<string, string>(), StringComparer.OrdinalIgnoreCase))));
            next = page.ContinuationToken ?? "";
        }

        return found;
    }

    /// <summary>Digits of a numbered blob's name.</summary>
    public const int Digits = 8;

    /// <summary>Names numbered blobs so that they list in their order.</summary>
    public static string Numbered(int number) => number.ToString("D8", CultureInfo.InvariantCulture);

    private async Task<Page<BlobItem>> PageAsync(GetBlobsOptions request, string? from, CancellationToken token)
    {
        await foreach (var page in calls.Container.GetBlobsAsync(request, token).AsPages(from, 5_000))
            return page;
        throw new InvalidOperationException("a list of blobs has one page at least");
    }

    private static async Task<BlobAnswer> DownloadAsync(BlobClient blob, BlobDownloadOptions request, CancellationToken token)
    {
        var answer = await blob.DownloadStreamingAsync(request, token);
        var status = answer.GetRawResponse().Status;
        if (status == 304)
            return new(status);
        using var body = answer.Value;
        if (body.Details.ContentLength > LongestBlob)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"blob {blob.Name} has {body.Details.ContentLength:N0} bytes, and none of ours has more than {LongestBlob:N0}: "
                    + $"it is damaged, or not ours"));
        }

        var content = new byte[body.Details.ContentLength];
        await body.Content.ReadExactlyAsync(content, token);
        return new(status, content, body.Details.ETag.ToString(), body.Details.BlobCommittedBlockCount);
    }
}
