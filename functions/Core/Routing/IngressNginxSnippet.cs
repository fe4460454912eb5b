using System.Text.RegularExpressions;

namespace IngressReconciler.Routing;

/// <summary>What can be said of a piece of nginx's configuration without carrying it out.</summary>
internal static partial class IngressNginxSnippet
{
    /// <summary>
    /// Whether it has nothing but directives that set or hide headers of responses, none of which keeps anybody out. One that sets headers
    /// of requests may: pods may trust it. What is written out of the ordinary, with an escape or over several lines, is not known.
    /// </summary>
    public static bool OnlySetsResponseHeaders(string snippet) => ResponseHeaders().IsMatch(snippet);

    // Atomic groups: what does not match is given up at once, whatever its length.
    [GeneratedRegex("""
        \A(?>
            \s+ |
            \#[^\n]* |
            (?:add_header|more_set_headers|more_clear_headers|proxy_hide_header|expires)
                (?>\s+(?:"[^"\\\r\n]*"|'[^'\\\r\n]*'|[^\s;{}"'\\\#]+)(?=[\s;]))+\s*;
        )*\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex ResponseHeaders();
}
