using System.Globalization;
using Azure;

namespace IngressReconciler.Storage;

/// <summary>One cluster's sealed routing versions, <c>versions/&lt;number&gt;</c>: written once, never changed.</summary>
public sealed class VersionStore
{
    private readonly StorageFolder _folder;

    internal VersionStore(StorageFolder folder) => _folder = folder;

    /// <summary>Writes a version unless its number is taken. One call; two when it is.</summary>
    /// <param name="number">The version's number, from 1.</param>
    /// <param name="content">The sealed version.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>True when the version holds this very content, whoever wrote it; false when the number holds something else.</returns>
    /// <exception cref="StorageUnavailableException">Not known to be written; write again.</exception>
    public async Task<bool> TryWriteAsync(int number, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        if (await _folder.WriteAsync(StorageFolder.Numbered(number), content, new() { IfNoneMatch = ETag.All }, cancel) is not null)
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

    /// <summary>Numbers that exist, newest first. One call for each 5,000 versions ever written.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="before">Only numbers below this one: the last of the page before.</param>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<IReadOnlyList<int>> ListAsync(CancellationToken cancel, int most = 100, int before = int.MaxValue)
    {
        var numbers = new List<int>();
        foreach (var (name, _) in await _folder.ListAsync(cancel))
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < before)
                numbers.Add(number);
        numbers.Reverse();
        return numbers.Count > most ? numbers[..most] : numbers;
    }
}
