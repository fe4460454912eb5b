using System.Security.Cryptography;
using System.Text;
using Azure;

namespace IngressReconciler.Storage;

/// <summary>
/// What tells this control plane from another one on the same cluster: <c>environment</c>, a random id that is made once, before the
/// cluster's first list. State that was begun by a release that knew of none has none.
/// </summary>
public sealed class EnvironmentStore
{
    private const string Name = "environment";

    private readonly StorageFolder _folder;

    internal EnvironmentStore(StorageFolder folder) => _folder = folder;

    /// <summary>Makes the id unless there is one. One call.</summary>
    /// <exception cref="StorageUnavailableException">Not known to be made.</exception>
    public Task CreateAsync(CancellationToken cancel)
    {
        var id = RandomNumberGenerator.GetHexString(8, lowercase: true);
        return _folder.WriteAsync(Name, Encoding.ASCII.GetBytes(id), new() { IfNoneMatch = ETag.All }, cancel);
    }

    /// <summary>The id, eight lower-case hexadecimal digits; null when there is none. One call.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<string?> ReadAsync(CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(Name, cancel);
        return answer.Found ? Encoding.ASCII.GetString(answer.Content.Span) : null;
    }
}
