using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace IngressReconciler.Cluster;

/// <summary>
/// A text that may stand in a log, on a terminal, in a message or a status: one line in which nothing ends a line, moves a cursor or turns
/// the direction of what is around it. It is made only as an interpolated string: what stands between the holes is ours, and every value in
/// a hole is cleaned and cut, as it may come from outside.
/// </summary>
/// <param name="literalLength">Characters of ours.</param>
/// <param name="formattedCount">How many values there are.</param>
[InterpolatedStringHandler]
public sealed class ShownText(int literalLength, int formattedCount) : IEquatable<ShownText>
{
    /// <summary>Characters of one value that are shown at most.</summary>
    public const int Most = 300;

    private readonly StringBuilder text = new(literalLength + (formattedCount * 16));

    /// <summary>The text that is given: says where a text is one of these.</summary>
    public static ShownText Of(ShownText text) => text;

    /// <summary>One long value from outside.</summary>
    public static ShownText Of(string? outside, int most)
    {
        var shown = new ShownText(0, 1);
        shown.AppendLiteral(Clean(outside, most));
        return shown;
    }

    /// <summary>One value from outside, cleaned: what a terminal acts on, half a character, and what cannot be seen becomes
    /// U+FFFD.</summary>
    /// <param name="outside">The value.</param>
    /// <param name="most">Characters of it that are shown at most; an ellipsis follows where there are more.</param>
    public static string Clean(string? outside, int most = Most)
    {
        if (outside is null)
            return "";
        var shown = outside.Length > most ? outside[..most] + "…" : outside;
        return shown.Any(IsActedOn) ? string.Concat(shown.Select(c => IsActedOn(c) ? '\uFFFD' : c)) : shown;
    }

    /// <summary>Takes words of ours.</summary>
    public void AppendLiteral(string own) => text.Append(own);

    /// <summary>Takes what was cleaned before.</summary>
    public void AppendFormatted(ShownText shown) => text.Append(shown.text);

    /// <summary>Takes a value from outside.</summary>
    public void AppendFormatted(string? outside) => text.Append(Clean(outside));

    /// <inheritdoc cref="AppendFormatted(string?)"/>
    public void AppendFormatted<T>(T outside, string? format = null) =>
        AppendFormatted(outside is IFormattable number ? number.ToString(format, CultureInfo.InvariantCulture) : outside?.ToString());

    /// <summary>The text.</summary>
    public static implicit operator string(ShownText shown) => shown.ToString();

    /// <inheritdoc/>
    public bool Equals(ShownText? other) => other is not null && text.Equals(other.text);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ShownText);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>The text.</summary>
    public override string ToString() => text.ToString();

    private static bool IsActedOn(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate;
}
