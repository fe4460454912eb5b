using System.Globalization;
using Azure;

namespace IngressReconciler.Storage;

/// <summary>A version as storage lists it.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Size">Bytes of its content.</param>
/// <param name="Written">When it was written, by storage's clock.</param>
/// <param name="Metadata">What was written beside the content, by names in any case; see <see cref="VersionMetadata"/>.</param>
public sealed record ListedVersion(int Number, long Size, DateTimeOffset Written, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// One cluster's sealed routing versions, <c>versions/&lt;number&gt;</c>: written once, never changed, removed by retention.
/// </summary>
public sealed class VersionStore
{
    private readonly StorageFolder _folder;

    internal VersionStore(StorageFolder folder) => _folder = folder;

    /// <summary>Writes a version unless its number is taken. One call; two when it is.</summary>
    /// <param name="number">The version's number, from 1.</param>
    /// <param name="content">The sealed version.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="metadata">What a list says of it, fit for headers.</param>
    /// <returns>True when the version holds this very content, whoever wrote it; false when the number holds something else.</returns>
    /// <exception cref="StorageUnavailableException">Not known to be written; write again.</exception>
    public async Task<bool> TryWriteAsync(
        int number, ReadOnlyMemory<byte> content, CancellationToken cancel, IDictionary<string, string>? metadata = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        var name = StorageFolder.Numbered(number);
        if (await _folder.WriteAsync(name, content, new() { IfNoneMatch = ETag.All }, cancel, metadata) is not null)
            return true;
        // A first try whose answer was lost has written it; the repeated one finds it there.
        return await ReadAsync(number, cancel) is { } there && there.Span.SequenceEqual(content.Span);
    }

    /// <summary>Reads a version; null when there is none of that number. One call.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(int number, CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(StorageFolder.Numbered(number), cancel);
        // A bare null would become an empty version: memory converts from a null array.
        return answer.Found ? answer.Content : default(ReadOnlyMemory<byte>?);
    }

    /// <summary>
    /// Lists the newest versions, newest first, whatever there is below them: by blocks of a hundred numbers or, where more are asked for,
    /// a thousand or ten thousand. One call for each block; below one that is empty, as retention leaves them, the next is ten times as
    /// large.
    /// </summary>
    /// <param name="newest">A number that none is above, but for the one after it.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="before">Only numbers below this one: the last of the page before.</param>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<IReadOnlyList<ListedVersion>> NewestAsync(int newest, int most, CancellationToken cancel, int before = int.MaxValue)
    {
        var found = new List<ListedVersion>();
        var digits = most switch { <= 100 => 2, <= 1000 => 3, _ => 4 };
        for (var end = (int)Math.Min(before, newest + 2L); end > 0 && found.Count < most;)
        {
            var width = (int)Math.Pow(10, digits);
            var first = (end - 1) / width * width;
            var block = await ListAsync(StorageFolder.Numbered(first)[..^digits], cancel);
            var count = found.Count;
            found.AddRange(block.Where(one => one.Number < end).Reverse());
            if (found.Count == count && first <= newest && digits < StorageFolder.Digits)
                digits++;
            end = first;
        }

        return found.Count > most ? found[..most] : found;
    }

    /// <summary>Lists all versions, oldest first. One call for each 5,000.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public Task<IReadOnlyList<ListedVersion>> AllAsync(CancellationToken cancel) => ListAsync("", cancel);

    /// <summary>The lowest number that there is; null when there is none. One call.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<int?> OldestAsync(CancellationToken cancel) =>
        (await _folder.ListAsync(cancel, most: 1)) is [var (name, _), ..]
        && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>Removes a version; a missing one is fine. One call.</summary>
    /// <exception cref="StorageUnavailableException">Not known to be gone; remove again.</exception>
    public Task RemoveAsync(int number, CancellationToken cancel) => _folder.DeleteAsync(StorageFolder.Numbered(number), cancel);

    private async Task<IReadOnlyList<ListedVersion>> ListAsync(string below, CancellationToken cancel)
    {
        var versions = new List<ListedVersion>();
        foreach (var one in await _folder.EntriesAsync(below, cancel))
        {
            if (int.TryParse(one.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                versions.Add(new(number, one.Size, one.Changed, one.Metadata));
        }

        return versions;
    }
}
