using System.Buffers;

namespace IngressReconciler.Routing;

/// <summary>
/// Tells paths that were meant as a pattern, as other controllers read them, from paths that merely have such characters:
/// <c>/wiki/C_(language)</c>, <c>/c++</c>, <c>/a*b</c> and <c>/$metadata</c> are paths that clients send (RFC 3986 section 3.3). Only what
/// says that it is a pattern is taken for one.
/// </summary>
internal static class PathPattern
{
    /// <summary>Characters that no path has unless they are percent-encoded, and every regular expression of some kind.</summary>
    private static readonly SearchValues<char> NeverInPaths = SearchValues.Create("[]{}|^\\");

    private static readonly SearchValues<string> Marks = SearchValues.Create([
        ".*", ".+", ")*", ")+", ")?", "(?", "$)"], StringComparison.Ordinal);

    private static readonly SearchValues<char> Ends = SearchValues.Create("()[]{}|^$*+?\\");

    /// <summary>Whether it has what only regular expressions have: brackets, braces, <c>|</c>, <c>^</c>, <c>\</c>, <c>.*</c>, <c>.+</c>, a
    /// repeated group, or <c>$</c> at its end.</summary>
    public static bool IsRegex(ReadOnlySpan<char> path) =>
        path.ContainsAny(NeverInPaths) || path.ContainsAny(Marks) || path is [_, .., '$'];

    /// <summary>Whether a segment begins or ends with <c>*</c>.</summary>
    public static bool IsWildcard(ReadOnlySpan<char> path) => path is [.., '*'] || path.Contains(
        "/*", StringComparison.Ordinal) || path.Contains("*/", StringComparison.Ordinal);

    /// <summary>Whether it was meant for every path.</summary>
    public static bool IsEverything(string path) => path is "/*" or "/.*" or "/(.*)" or "/.+" or "/(.+)" or "/?(.*)" or "/?.*";

    /// <summary>What is literal before the pattern begins, as a prefix.</summary>
    public static string Head(string path)
    {
        var end = path.AsSpan().IndexOfAny(Ends);
        var head = end < 0 ? path : path[..(end > 0 && path[end] is '*' or '+' && path[end - 1] == '.' ? end - 1 : end)];
        return head.TrimEnd('/') is ['/', ..] trimmed ? trimmed : "/";
    }
}
