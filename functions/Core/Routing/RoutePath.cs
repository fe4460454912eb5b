using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace IngressReconciler.Routing;

/// <summary>
/// Brings paths of rules into the form in which a proxy compares them (RFC 3986 section 6.2.2): unreserved characters plain, all others that are
/// not allowed in a path percent-encoded in upper case. Dot segments and empty segments are refused, as Kubernetes' own validation does.
/// </summary>
public static class RoutePath
{
    /// <summary>
    /// What host and path of a rule may have together, in bytes after encoding: every host (253) with every path that Gateway API allows
    /// (1,024). HAProxy tells keys of up to 2,047 bytes apart, and confuses longer ones in silence (infra/haproxy/README.md, "Route keys").
    /// </summary>
    public const int MaximumLength = 1280;

    private static readonly SearchValues<byte> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"u8);

    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    /// <summary>The normal form of a path, or false and what is wrong with it.</summary>
    /// <param name="host">The host that the path is on, in the form of <see cref="RouteHost"/>.</param>
    /// <param name="text">The path as it is written.</param>
    /// <param name="path">Its normal form.</param>
    /// <param name="wrong">What is wrong with it, and what to do where that is not plain.</param>
    public static bool TryNormalize(string host, string text, [NotNullWhen(true)] out string? path, [NotNullWhen(false)] out string? wrong)
    {
        path = null;
        wrong = Wrong(text);
        if (wrong is not null)
            return false;

        var bytes = Encoding.UTF8.GetBytes(text);
        var built = new StringBuilder(bytes.Length);
        for (var i = 0; i < bytes.Length; i++)
        {
            var value = bytes[i];
            var encoded = false;
            if (value == (byte)'%')
            {
                if (i + 2 >= bytes.Length || !byte.TryParse(bytes.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value))
                {
                    wrong = "has a '%' that two hexadecimal digits do not follow";
                    return false;
                }

                i += 2;
                encoded = true;
            }

            if ((encoded ? Unreserved : Plain).Contains(value))
                built.Append((char)value);
            else
                built.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
        }

        path = built.ToString();
        if (host.Length + path.Length is var length and > MaximumLength)
        {
            wrong = string.Create(
                CultureInfo.InvariantCulture,
                $"has {length} bytes with its host, percent-encoded, and proxies tell no more than {MaximumLength} apart; "
                + $"shorten it, or use a shorter Prefix");
        }
        else if (path.Split('/').Any(segment => segment is "." or ".."))
            wrong = "has a '.' or '..' segment, which no request that arrives can have";
        if (wrong is null)
            return true;
        path = null;
        return false;
    }

    /// <summary>A prefix without its trailing slash; <c>/</c> stays.</summary>
    public static string TrimPrefix(string path) => path.Length > 1 ? path.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/" : path;

    private static string? Wrong(string text)
    {
        if (text.Length == 0 || text[0] != '/')
            return "does not begin with '/'";
        if (text.Any(char.IsControl))
            return "has a control character";
        if (text.Contains("//", StringComparison.Ordinal))
            return "has an empty segment ('//')";
        if (text.AsSpan().ContainsAny('?', '#'))
            return "has a '?' or '#', which end a path";
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[++i]))
                return "is not valid Unicode";
        }

        return null;
    }
}
