using Azure;
using Azure.Storage.Blobs.Models;

namespace IngressReconciler.Storage;

/// <summary>What the head holds.</summary>
/// <param name="Content">The content as it was written.</param>
/// <param name="Tag">Its ETag: what a move is compared with.</param>
public sealed record HeadState(ReadOnlyMemory<byte> Content, string Tag);

/// <summary>How a move of the head ended.</summary>
/// <param name="Moved">Whether the head holds the new content.</param>
/// <param name="State">What it holds now; null when a head that was expected is not there.</param>
public readonly record struct HeadMove(bool Moved, HeadState? State);

/// <summary>One cluster's <c>head</c>: a small blob that says which version is wanted; moved by compare-and-swap on its ETag.</summary>
public sealed class Head
{
    private const string Name = "head";

    private readonly StorageFolder _folder;

    internal Head(StorageFolder folder) => _folder = folder;

    /// <summary>Reads the head; null when none was ever written. One call, without a body while <paramref name="known"/> holds.</summary>
    /// <param name="known">What was last read, or null; the same instance comes back when nothing has changed.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<HeadState?> ReadAsync(HeadState? known, CancellationToken cancel)
    {
        var answer = await _folder.ReadAsync(Name, cancel, knownTag: known?.Tag);
        return answer.Status switch
        {
            304 => known,
            404 => null,
            _ => new(answer.Content, answer.Tag),
        };
    }

    /// <summary>Puts the head onto new content if it is still what the caller saw. One call; two when somebody else has moved it.</summary>
    /// <param name="expected">What the head held; null for the first move of all.</param>
    /// <param name="content">The new content.</param>
    /// <param name="cancel">Stops waiting; the head may then have moved or not.</param>
    /// <exception cref="StorageUnavailableException">The head may have moved or not: move again, or read it.</exception>
    public async Task<HeadMove> MoveAsync(HeadState? expected, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var conditions = expected is null
            ? new BlobRequestConditions { IfNoneMatch = ETag.All }
            : new BlobRequestConditions { IfMatch = new ETag(expected.Tag) };
        if (await _folder.WriteAsync(Name, content, conditions, cancel) is { } tag)
            return new(true, new(content, tag));
        // A first try whose answer was lost has moved it; the repeated one finds its own content there.
        var now = await ReadAsync(known: null, cancel);
        return new(now is not null && now.Tag != expected?.Tag && now.Content.Span.SequenceEqual(content.Span), now);
    }
}
