using System.Buffers;
using System.Globalization;

namespace IngressReconciler.Cluster;

/// <summary>The name rules of Kubernetes (RFC 1123 and RFC 1035 as the API server applies them). What passes here is safe in any command.</summary>
public static class KubernetesName
{
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Characters that a label may have in DNS (RFC 1035 section 2.3.4).</summary>
    public const int MaximumLabel = 63;

    /// <summary>A DNS label: 1 to 63 of <c>a-z 0-9 -</c>, no dash at either end. Namespaces, Services and port names are labels.</summary>
    public static bool IsLabel(ReadOnlySpan<char> text) => text.Length <= MaximumLabel && HasLabelForm(text);

    /// <summary>
    /// A DNS subdomain (apimachinery's IsDNS1123Subdomain): labels joined by dots, at most 253 characters in all, of which one label may have every one.
    /// Names of all other objects are subdomains.
    /// </summary>
    public static bool IsSubdomain(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 253)
            return false;
        foreach (var label in text.Split('.'))
        {
            if (!HasLabelForm(text[label]))
                return false;
        }
        return true;
    }

    private static bool HasLabelForm(ReadOnlySpan<char> text) =>
        text.Length > 0 && text[0] != '-' && text[^1] != '-' && !text.ContainsAnyExcept(LabelCharacters);

    /// <summary>A text from outside as it may be shown in a message: short, on one line, nothing a terminal would act on.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Characters of it that are shown at most.</param>
    public static string Show(string? text, int most = 80)
    {
        if (string.IsNullOrEmpty(text))
            return "(empty)";
        var shown = text.Length > most ? text[..most] : text;
        return string.Concat("'", string.Concat(shown.Select(c => IsActedOn(c) ? '\uFFFD' : c)), text.Length > most ? "…'" : "'");
    }

    /// <summary>Ends a line, moves a cursor, or turns the direction of the text around it.</summary>
    private static bool IsActedOn(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;
}
