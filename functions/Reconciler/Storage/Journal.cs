using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using IngressReconciler.Cluster;

namespace IngressReconciler.Storage;

/// <summary>
/// One cluster's accepted changes, in the one order that all writers and readers share: append blobs
/// <c>journal/&lt;segment&gt;</c>, written by compare-and-swap on their length. Safe for any number of concurrent callers and processes.
/// </summary>
/// <remarks>
/// A full segment ends in a rotation line that callers never see. Its successor is made before that line is written, so a position
/// after it always names a blob that existed: should that be missing, it was pruned, and nobody makes it a second time.
/// </remarks>
public sealed class Journal
{
    /// <summary>Longest line in bytes, its line feed included: what Azure takes in one append of every service version.</summary>
    public const int LongestLine = 4 << 20;

    // At least one whole line; bounds the memory that a cold start holds at once.
    private const int ReadAtOnce = 2 * LongestLine;

    // A segment is at least this long out of use before it goes: far longer than any call's deadline, so no writer is still about to follow it.
    private static readonly TimeSpan PrunedAfter = TimeSpan.FromHours(1);

    private static readonly byte[] Rotation = Encoding.UTF8.GetBytes("{\"rotate\":");

    private readonly StorageFolder _folder;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private volatile Fill _fill = new(0, 0);

    internal Journal(StorageFolder folder, StorageOptions options, TimeProvider time) => (_folder, _options, _time) = (folder, options, time);

    /// <summary>
    /// Appends a line if nobody has written since <paramref name="position"/>; otherwise says what was. One call; after a conflict two;
    /// four once a segment.
    /// </summary>
    /// <param name="position">Where the caller's knowledge ends.</param>
    /// <param name="line">One line of UTF-8 JSON with its line feed, unlike every other line (give it an id): that is how a repeated append,
    /// here or by the caller, knows that an earlier try whose answer was lost has written it. Not copied: leave it alone until the end.</param>
    /// <param name="cancel">Stops waiting; the line may then be there or not.</param>
    /// <exception cref="ArgumentException">No single line, or longer than <see cref="LongestLine"/>: split the batch.</exception>
    /// <exception cref="JournalGapException">The position is no longer in the journal.</exception>
    /// <exception cref="StorageUnavailableException">The line may be there or not: append again <em>at the same position</em>.</exception>
    public async Task<AppendOutcome> AppendAsync(JournalPosition position, ReadOnlyMemory<byte> line, CancellationToken cancel)
    {
        Check(line.Span);
        var at = position;
        while (true)
        {
            JournalTail missed;
            if (IsFull(at))
            {
                missed = await ReadAsync(at, cancel);
                if (missed.Position == at)
                {
                    await CreateSegmentAsync(at.Segment + 1, cancel);
                    if (await TryAppendAsync(at, RotationTo(at.Segment + 1), cancel))
                    {
                        at = new(at.Segment + 1, 0);
                        continue;
                    }
                    missed = await ReadAsync(at, cancel);
                }
            }
            else
            {
                if (await TryAppendAsync(at, line, cancel))
                    return new(at with { Offset = at.Offset + line.Length }, []);
                missed = await ReadAsync(at, cancel);
            }

            if (missed.Lines.Count > 0)
            {
                var first = missed.Lines[0];
                return first.Bytes.Span.SequenceEqual(line.Span) ? new(first.End, []) : new(missed.Position, missed.Lines);
            }
            if (missed.Position == at)
                throw Gap(at);
            at = missed.Position;
        }
    }

    /// <summary>
    /// Reads what follows a position, at most about 8 MiB. One call, also when there is nothing; one more for each rotation passed.
    /// </summary>
    /// <param name="from"><see cref="JournalPosition.Start"/>, a snapshot's position, or one that this journal gave.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="JournalGapException">The position is no longer in the journal.</exception>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<JournalTail> ReadAsync(JournalPosition from, CancellationToken cancel)
    {
        var at = from;
        while (true)
        {
            // One byte before is always there, so an empty tail is an ordinary answer and not a 416; and it must be a line's end.
            var before = at.Offset > 0 ? 1 : 0;
            var answer = await _folder.ReadAsync(Name(at.Segment), cancel, new HttpRange(at.Offset - before, ReadAtOnce + before));
            if (!answer.Found)
            {
                if (before > 0)
                    throw Gap(at);
                if (answer.Status == 404 && await IsBornAsync(at, cancel))
                    continue;
                return new([], at, AtEnd: true);
            }

            var content = answer.Content;
            if (content.Length < before || (before > 0 && content.Span[0] != (byte)'\n'))
                throw Gap(at);
            Note(at.Segment, answer.Blocks);
            var tail = Split(content[before..], at, isRest: content.Length < ReadAtOnce + before);
            if (tail.Lines.Count > 0 || tail.AtEnd)
                return tail;
            at = tail.Position;
        }
    }

    /// <summary>When the last line was written, by storage's clock; null when there is none. One call for each 5,000 segments.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be read now.</exception>
    public async Task<DateTimeOffset?> LastWrittenAsync(CancellationToken cancel) =>
        (await _folder.ListAsync(cancel)).Max(segment => (DateTimeOffset?)segment.Changed);

    /// <summary>
    /// Deletes segments that end before a position, once they have been out of use for an hour. One call, and one for each that goes.
    /// </summary>
    /// <param name="needed">The oldest position that anybody may still start from: that of the oldest kept snapshot.</param>
    /// <param name="cancel">Stops between two deletions.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="StorageUnavailableException">Some may be left; prune again.</exception>
    public async Task<int> PruneAsync(JournalPosition needed, CancellationToken cancel)
    {
        var unusedSince = _time.GetUtcNow() - PrunedAfter;
        var gone = 0;
        foreach (var (name, changed) in await _folder.ListAsync(cancel))
        {
            if (!int.TryParse(name, out var segment) || segment >= needed.Segment || changed > unusedSince)
                continue;
            await _folder.DeleteAsync(name, cancel);
            gone++;
        }
        return gone;
    }

    private static string Name(int segment) => StorageFolder.Numbered(segment);

    private static byte[] RotationTo(int segment) => Encoding.UTF8.GetBytes($"{{\"rotate\":{segment}}}\n");

    private static bool IsRotation(ReadOnlySpan<byte> line) => line.StartsWith(Rotation);

    private static void Check(ReadOnlySpan<byte> line)
    {
        if (line.Length > LongestLine)
            throw new ArgumentException($"A journal's line has at most {LongestLine} bytes, not {line.Length}: split the batch.", nameof(line));
        if (line.Length < 2 || line.IndexOf((byte)'\n') != line.Length - 1)
            throw new ArgumentException("A journal's line is one line of JSON, ended by its only line feed.", nameof(line));
        if (IsRotation(line))
            throw new ArgumentException("A line that begins with {\"rotate\": is the journal's own.", nameof(line));
    }

    private static JournalTail Split(ReadOnlyMemory<byte> content, JournalPosition at, bool isRest)
    {
        var lines = new List<JournalLine>();
        while (content.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            var line = content[..(end + 1)];
            if (IsRotation(line.Span))
                return new(lines, new(at.Segment + 1, 0), AtEnd: false);
            at = at with { Offset = at.Offset + line.Length };
            lines.Add(new(line, at));
            content = content[line.Length..];
        }
        return new(lines, at, AtEnd: isRest);
    }

    private async Task<bool> TryAppendAsync(JournalPosition at, ReadOnlyMemory<byte> line, CancellationToken cancel)
    {
        var request = new AppendBlobAppendBlockOptions { Conditions = new() { IfAppendPositionEqual = at.Offset } };
        while (true)
        {
            try
            {
                var blob = _folder.AppendBlob(Name(at.Segment));
                var added = await _folder.RunAsync(token => blob.AppendBlockAsync(BinaryData.FromBytes(line).ToStream(), request, token), cancel);
                Note(at.Segment, added.Value.BlobCommittedBlockCount);
                return true;
            }
            catch (RequestFailedException answer) when (answer.Status == 412)
            {
                return false;
            }
            catch (RequestFailedException answer) when (answer.Status == 404)
            {
                if (at.Offset > 0)
                    throw Gap(at, answer);
                if (!await IsBornAsync(at, cancel))
                    await CreateSegmentAsync(at.Segment, cancel);
            }
        }
    }

    /// <summary>
    /// Judges a missing segment. Only the first may be missing because nobody has written yet, and then there is no other either; it may
    /// also have come since it was missed. Every other missing segment was pruned.
    /// </summary>
    private async Task<bool> IsBornAsync(JournalPosition at, CancellationToken cancel)
    {
        if (at.Segment != JournalPosition.Start.Segment)
            throw Gap(at);
        return await _folder.ListAsync(cancel, most: 1) switch
        {
            [] => false,
            [var oldest, ..] when oldest.Name == Name(at.Segment) => true,
            _ => throw Gap(at),
        };
    }

    private async Task CreateSegmentAsync(int segment, CancellationToken cancel)
    {
        var request = new AppendBlobCreateOptions { Conditions = new() { IfNoneMatch = ETag.All } };
        try
        {
            await _folder.RunAsync(token => _folder.AppendBlob(Name(segment)).CreateAsync(request, token), cancel);
        }
        catch (RequestFailedException there) when (there.ErrorCode == BlobErrorCode.BlobAlreadyExists)
        {
            // Another writer was here first, or died right after.
        }
    }

    private bool IsFull(JournalPosition at) =>
        at.Offset >= _options.SegmentBytes || (_fill.Segment == at.Segment && _fill.Blocks >= _options.SegmentBlocks);

    private void Note(int segment, int blocks) => _fill = new(segment, blocks);

    private JournalGapException Gap(JournalPosition at, Exception? cause = null) =>
        new($"{_folder} has nothing at {at} any more: go on from the newest snapshot.", cause);

    // A hint, read and replaced whole: a wrong one rotates a little sooner or later.
    private sealed record Fill(int Segment, int Blocks);
}
