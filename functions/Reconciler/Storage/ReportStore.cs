using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IngressReconciler.Storage;

/// <summary>A report on one cluster, as JSON; each one overwrites the last.</summary>
/// <typeparam name="T">The report.</typeparam>
public sealed class ReportStore<T>
    where T : class
{
    private readonly StorageFolder _folder;
    private readonly string _name;
    private readonly JsonTypeInfo<T> _json;

    internal ReportStore(StorageFolder folder, string name, JsonTypeInfo<T> json) => (_folder, _name, _json) = (folder, name, json);

    /// <summary>
    /// The last report; null when there was none, and for one of another release that this one cannot read: the next overwrites it.
    /// One call.
    /// </summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<T?> ReadAsync(CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(_name, cancel);
        try
        {
            return answer.Found ? JsonSerializer.Deserialize(answer.Content.Span, _json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a report over the last one. One call.</summary>
    /// <exception cref="StorageUnavailableException">Not known to be written.</exception>
    public Task WriteAsync(T report, CancellationToken cancel) =>
        _folder.WriteAsync(_name, JsonSerializer.SerializeToUtf8Bytes(report, _json), conditions: null, cancel);
}
