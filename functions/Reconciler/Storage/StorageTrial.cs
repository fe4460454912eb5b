namespace IngressReconciler.Storage;

/// <summary>How storage did: a small blob was written and read back.</summary>
/// <param name="At">The time by storage's clock, in whole seconds; null when it did not say.</param>
/// <param name="Sent">Our time when it was asked.</param>
/// <param name="Writing">How long the write took, its retries included.</param>
/// <param name="Reading">How long the read took.</param>
public sealed record StorageTrial(DateTimeOffset? At, DateTimeOffset Sent, TimeSpan Writing, TimeSpan Reading)
{
    private const string Name = "trial";

    /// <summary>How far storage's clock is before ours; off by half a second at most, for it says whole ones.</summary>
    public TimeSpan? Skew => At is { } at ? at + TimeSpan.FromSeconds(0.5) - (Sent + (Reading / 2)) : null;

    /// <summary>Writes and reads. Two calls.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be reached.</exception>
    internal static async Task<StorageTrial> RunAsync(StorageFolder folder, TimeProvider time, CancellationToken cancel)
    {
        var blob = folder.Blob(Name);
        var started = time.GetTimestamp();
        await folder.RunAsync(token => blob.UploadAsync(BinaryData.FromString("trial"), overwrite: true, token), cancel);
        var writing = time.GetElapsedTime(started);
        var (sent, asked) = (time.GetUtcNow(), time.GetTimestamp());
        var read = await folder.RunAsync(token => blob.DownloadContentAsync(token), cancel);
        return new(read.GetRawResponse().Headers.Date, sent, writing, time.GetElapsedTime(asked));
    }
}
