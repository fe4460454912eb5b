using System.Text.Json;
using IngressReconciler.Rounds;

namespace IngressReconciler.Storage;

/// <summary>What the last resync of one cluster found: <c>resync</c>.</summary>
public sealed class ResyncStore
{
    private const string Name = "resync";

    private readonly StorageFolder _folder;

    internal ResyncStore(StorageFolder folder) => _folder = folder;

    /// <summary>The last report; null when there was none. One call.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<ResyncReport?> ReadAsync(CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(Name, cancel);
        return answer.Found ? JsonSerializer.Deserialize(answer.Content.Span, AppJson.Default.ResyncReport) : null;
    }

    /// <summary>Writes a report over the last one. One call.</summary>
    /// <exception cref="StorageUnavailableException">Not known to be written.</exception>
    public Task WriteAsync(ResyncReport report, CancellationToken cancel) =>
        _folder.WriteAsync(Name, JsonSerializer.SerializeToUtf8Bytes(report, AppJson.Default.ResyncReport), conditions: null, cancel);
}
