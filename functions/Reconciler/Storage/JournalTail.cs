using IngressReconciler.Cluster;

namespace IngressReconciler.Storage;

/// <summary>One line of a journal.</summary>
/// <param name="Bytes">The line as it was appended, its ending line feed included.</param>
/// <param name="End">The position after it.</param>
public readonly record struct JournalLine(ReadOnlyMemory<byte> Bytes, JournalPosition End);

/// <summary>What a journal held after a position.</summary>
/// <param name="Lines">Lines in their order; empty when there is nothing new.</param>
/// <param name="Position">Where to read or append next. May be later than the last line's end, never earlier.</param>
/// <param name="AtEnd">Whether nothing followed when it was read; false means that more is known to wait.</param>
public sealed record JournalTail(IReadOnlyList<JournalLine> Lines, JournalPosition Position, bool AtEnd);

/// <summary>How an append ended.</summary>
/// <param name="Position">Where to append next: after the line, or after what was missed.</param>
/// <param name="Missed">Lines that others wrote since the position that was given; with any, the line was <em>not</em> appended.</param>
public readonly record struct AppendOutcome(JournalPosition Position, IReadOnlyList<JournalLine> Missed)
{
    /// <summary>Whether the line is in the journal.</summary>
    public bool Appended => Missed.Count == 0;
}
