
namespace IngressReconciler.Storage;

/// <summary>What each proxy of one cluster was last seen to run: <c>proxies/&lt;name&gt;</c>, overwritten by whoever holds the lease.</summary>
public sealed class ProxyReports
{
    private readonly StorageFolder _folder;

    internal ProxyReports(StorageFolder folder) => _folder = folder;

    /// <summary>Writes a proxy's report over the last one. One call.</summary>
    /// <param name="name">The proxy pod's name, a lower-case DNS subdomain (RFC 1123).</param>
    /// <param name="content">The report.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is no pod's name.</exception>
    /// <exception cref="StorageUnavailableException">Not known to be written; write again.</exception>
    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        _folder.WriteAsync(Checked(name), content, conditions: null, cancel);

    /// <summary>All reports by proxy name. One call, and one for each proxy, these at the same time.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> ReadAllAsync(CancellationToken cancel)
    {
        var names = await _folder.ListAsync(cancel);
        var answers = await Task.WhenAll(names.Select(async proxy => (proxy.Name, Answer: await _folder.ReadAsync(proxy.Name, cancel))));
        return answers
            .Where(proxy => proxy.Answer.Found)
            .ToDictionary(proxy => proxy.Name, proxy => proxy.Answer.Content, StringComparer.Ordinal);
    }

    /// <summary>Forgets a proxy that is no more; a missing report is fine. One call.</summary>
    /// <exception cref="ArgumentException"><paramref name="name"/> is no pod's name.</exception>
    /// <exception cref="StorageUnavailableException">Not known to be gone; remove again.</exception>
    public Task RemoveAsync(string name, CancellationToken cancel) => _folder.DeleteAsync(Checked(name), cancel);

    private static string Checked(string name) =>
        name is { Length: >= 1 and <= 253 }
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
            ? name
            : throw new ArgumentException($"'{name}' is no proxy's name: it must be a lower-case DNS subdomain.", nameof(name));
}
