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
    /// <summary>Longest path of a rule, in bytes after encoding: a request line must fit into a proxy's 16 KB buffer beside its headers.</summary>
    public const int MaximumLength = 4096;

    private static readonly SearchValues<byte> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"u8);

    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    /// <summary>The normal form of a path, or false and what is wrong with it.</summary>
    public static bool TryNormalize(string text, [NotNullWhen(true)] out string? path, [NotNullWhen(false)] out string? wrong)
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
        if (path.Length > MaximumLength)
            wrong = string.Create(CultureInfo.InvariantCulture, $"is longer than {MaximumLength} bytes");
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
