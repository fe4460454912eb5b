using System.IO.Compression;
using IngressReconciler.Versions;

namespace IngressReconciler.Storage;

/// <summary>A finding set as storage lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Written">When it was last written, by storage's clock.</param>
/// <param name="Tag">Its ETag.</param>
public sealed record ListedFindingSet(string Name, DateTimeOffset Written, string Tag);

/// <summary>
/// The findings of one cluster's versions, <c>finding-sets/&lt;hash&gt;</c>, by Brotli: each distinct set once, see
/// <see cref="FindingSet.NameOf"/>.
/// </summary>
public sealed class FindingSets
{
    /// <summary>Bytes that a set may unpack to: 20 findings each of over 100,000 objects.</summary>
    private const long LongestSet = 1L << 30;

    private readonly StorageFolder _folder;

    internal FindingSets(StorageFolder folder) => _folder = folder;

    /// <summary>
    /// Writes a set, also where it is there already: the time of the last change says that it is in use. One call up to 8 MiB compressed.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">The set as <see cref="FindingSet.Bytes"/> gives it.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="StorageUnavailableException">Not known to be written; write again.</exception>
    public async Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        using var packed = new MemoryStream();
        await using (var packer = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await packer.WriteAsync(content, cancel);
        await _folder.WriteAsync(Checked(name), packed.GetBuffer().AsMemory(0, (int)packed.Length), conditions: null, cancel);
    }

    /// <summary>Reads a set; null when there is none of that name. One call.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or another's.</exception>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<FindingSet?> ReadAsync(string name, CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(Checked(name), cancel);
        if (!answer.Found)
            return null;
        using var content = new MemoryStream();
        await using (var packed = new BrotliStream(BinaryData.FromBytes(answer.Content).ToStream(), CompressionMode.Decompress))
        await using (var unpacked = new BoundedStream(packed, LongestSet, $"{_folder}{name}"))
            await unpacked.CopyToAsync(content, cancel);
        return FindingSet.Read(content.GetBuffer().AsMemory(0, (int)content.Length), name);
    }

    /// <summary>Lists all sets. One call for each 5,000.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<IReadOnlyList<ListedFindingSet>> ListAsync(CancellationToken cancel) =>
        [.. (await _folder.EntriesAsync("", cancel)).Select(one => new ListedFindingSet(one.Name, one.Changed, one.Tag))];

    /// <summary>Removes a set unless it was written again since it was listed; a missing one is fine. One call.</summary>
    /// <exception cref="StorageUnavailableException">Not known to be gone; remove again.</exception>
    public Task RemoveAsync(ListedFindingSet set, CancellationToken cancel) => _folder.DeleteAsync(set.Name, set.Tag, cancel);

    private static string Checked(string name) =>
        FindingSet.IsName(name)
            ? name
            : throw new InvalidDataException($"'{name}' is no finding set's name: expected 64 hexadecimal digits");
}
