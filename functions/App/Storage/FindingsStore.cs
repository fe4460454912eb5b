using System.Text.Json;
using IngressReconciler.Rounds;

namespace IngressReconciler.Storage;

/// <summary>The findings of one cluster: <c>findings</c>, overwritten by the instance that holds the lease.</summary>
public sealed class FindingsStore
{
    private const string Name = "findings";

    private readonly StorageFolder _folder;

    internal FindingsStore(StorageFolder folder) => _folder = folder;

    /// <summary>The last report; null when there was none. One call.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<FindingsReport?> ReadAsync(CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(Name, cancel);
        return answer.Found ? JsonSerializer.Deserialize(answer.Content.Span, AppJson.Default.FindingsReport) : null;
    }

    /// <summary>Writes a report over the last one. One call.</summary>
    /// <exception cref="StorageUnavailableException">Not known to be written.</exception>
    public Task WriteAsync(FindingsReport report, CancellationToken cancel) =>
        _folder.WriteAsync(Name, JsonSerializer.SerializeToUtf8Bytes(report, AppJson.Default.FindingsReport), conditions: null, cancel);
}
