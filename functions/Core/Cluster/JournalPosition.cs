using System.Globalization;

namespace IngressReconciler.Cluster;

/// <summary>A place in a cluster's journal: everything before it has been read or written. Later positions compare greater.</summary>
/// <param name="Segment">Number of the append blob, from 1.</param>
/// <param name="Offset">Bytes into that blob.</param>
public readonly record struct JournalPosition(int Segment, long Offset) : IComparable<JournalPosition>
{
    /// <summary>Before the first line that was ever written.</summary>
    public static JournalPosition Start { get; } = new(1, 0);

    /// <inheritdoc/>
    public int CompareTo(JournalPosition other) =>
        Segment != other.Segment ? Segment.CompareTo(other.Segment) : Offset.CompareTo(other.Offset);

    /// <summary>Earlier than.</summary>
    public static bool operator <(JournalPosition left, JournalPosition right) => left.CompareTo(right) < 0;

    /// <summary>Later than.</summary>
    public static bool operator >(JournalPosition left, JournalPosition right) => left.CompareTo(right) > 0;

    /// <summary>Not later than.</summary>
    public static bool operator <=(JournalPosition left, JournalPosition right) => left.CompareTo(right) <= 0;

    /// <summary>Not earlier than.</summary>
    public static bool operator >=(JournalPosition left, JournalPosition right) => left.CompareTo(right) >= 0;

    /// <summary><c>segment-offset</c>, zero-padded so that names sort as positions do.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Segment:D8}-{Offset:D12}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false for anything else.</summary>
    public static bool TryParse(string? text, out JournalPosition position)
    {
        position = Start;
        if (text?.Split('-') is not [var segment, var offset]
            || !int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
            || !long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var o))
            return false;
        position = new(s, o);
        return true;
    }
}
