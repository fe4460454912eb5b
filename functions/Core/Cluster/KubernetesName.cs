using System.Buffers;

namespace IngressReconciler.Cluster;

/// <summary>The name rules of Kubernetes (RFC 1123 and RFC 1035 as the API server applies them). What passes here is safe in any command.</summary>
public static class KubernetesName
{
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>A DNS label: 1 to 63 of <c>a-z 0-9 -</c>, no dash at either end. Namespaces, Services and port names are labels.</summary>
    public static bool IsLabel(ReadOnlySpan<char> text) => IsPart(text, 63);

    /// <summary>
    /// A DNS subdomain as the API server sees it: parts of <c>a-z 0-9 -</c> joined by dots, no dash at either end of one, at most 253
    /// characters. All other object names are subdomains; a part of one may be longer than DNS's 63 characters.
    /// </summary>
    public static bool IsSubdomain(ReadOnlySpan<char> text) => IsDotted(text, 253);

    /// <summary>A name that DNS can have: a subdomain whose parts are labels.</summary>
    public static bool IsHost(ReadOnlySpan<char> text) => IsDotted(text, 63);

    private static bool IsDotted(ReadOnlySpan<char> text, int longest)
    {
        if (text.Length is 0 or > 253)
            return false;
        foreach (var part in text.Split('.'))
        {
            if (!IsPart(text[part], longest))
                return false;
        }
        return true;
    }

    private static bool IsPart(ReadOnlySpan<char> text, int longest) =>
        text.Length > 0 && text.Length <= longest && text[0] != '-' && text[^1] != '-' && !text.ContainsAnyExcept(LabelCharacters);

    /// <summary>A text from outside as it may be shown in a message: short, on one line, nothing a terminal would act on.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Characters of it that are shown at most.</param>
    public static string Show(string? text, int most = 80) => string.IsNullOrEmpty(text) ? "(empty)" : $"'{ShownText.Clean(text, most)}'";
}
