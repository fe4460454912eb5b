using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using IngressReconciler.Tests.Unit.Core;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>A request as a client writes it, a byte a character.</summary>
/// <param name="Target">HTTP/1: the request target; HTTP/2: <c>:path</c>.</param>
/// <param name="Authority">HTTP/1: the target's own authority with scheme, before <paramref name="Target"/>; HTTP/2: <c>:authority</c>; null for none.</param>
/// <param name="Hosts">Its Host headers, in order.</param>
internal sealed record WrittenRequest(string Target, string? Authority, IReadOnlyList<string> Hosts)
{
    /// <summary>As a request of HTTP/1.1.</summary>
    public string ToHttp1() =>
        $"GET {(Authority is null ? "" : $"http://{Authority}")}{Target} HTTP/1.1\r\n{string.Concat(Hosts.Select(host => $"Host: {host}\r\n"))}\r\n";

    /// <summary>As the fields of a request of HTTP/2.</summary>
    public IReadOnlyList<(string, string)> ToHttp2() =>
    [
        (":method", "GET"), (":scheme", "http"), .. Authority is null ? [] : new[] { (":authority", Authority) }, (":path", Target),
        .. Hosts.Select(host => ("host", host)),
    ];
}

/// <summary>
/// What an ingress proxy makes of a request, said again in the plainest way: the grammar of hosts, the form of paths, then the look-up in the map of
/// routes (infra/haproxy/README.md, "Route keys"). The grammar of keys rests on it.
/// </summary>
internal static partial class RequestModel
{
    /// <summary>What comes of a request.</summary>
    /// <param name="IsRefused">It is answered 400, or its stream or connection is closed: it is not looked up.</param>
    /// <param name="Backend">Which backend answers; null for 404.</param>
    /// <param name="Path">The path that the backend is sent.</param>
    public readonly record struct Outcome(bool IsRefused, string? Backend, string? Path)
    {
        /// <summary>It is not looked up.</summary>
        public static Outcome Refused { get; } = new(true, null, null);
    }

    /// <summary>What comes of a request over HTTP/1.1.</summary>
    public static Outcome Http1(IEnumerable<KeyValuePair<string, string>> map, WrittenRequest request)
    {
        var hosts = request.Hosts.Select(host => host.Trim(' ', '\t')).ToArray();
        if (hosts.Length == 0 || hosts.Any(other => !other.Equals(hosts[0], StringComparison.OrdinalIgnoreCase)) || request.Target.Any(letter => letter is <= ' ' or >= '\u007f'))
            return Outcome.Refused;
        if (request.Authority is null)
            return Look(map, hosts[0], request.Target);

        // RFC 9112, section 3.2.2: a target's authority is the host, but for its user and the scheme's usual port.
        var target = request.Authority + request.Target;
        var end = target.IndexOfAny(['/', '?', '#']) is >= 0 and var found ? found : target.Length;
        var own = target[(target[..end].LastIndexOf('@') + 1)..end];
        if (!WithoutPort(own).Equals(WithoutPort(hosts[0]), StringComparison.OrdinalIgnoreCase))
            return Outcome.Refused;
        if (end < target.Length && target[end] == '?')
            return Host().IsMatch(WithoutPort(own)) && !target.Contains('#') ? new(false, null, null) : Outcome.Refused; // no path, no route
        return Look(map, WithoutPort(own), end == target.Length ? "/" : target[end..]);
    }

    /// <summary>What comes of a request over HTTP/2: what <c>:authority</c> says is the host, else the first Host header.</summary>
    public static Outcome Http2(IEnumerable<KeyValuePair<string, string>> map, WrittenRequest request)
    {
        if ((request.Authority is null && request.Hosts.Count == 0) || request.Target.Any(letter => letter is <= ' ' or '\u007f')
            || request.Hosts.Any(host => host.Contains('\0')))
            return Outcome.Refused;
        var host = request.Authority is { } own ? WithoutPort(own) : request.Hosts.FirstOrDefault("");
        if (request.Target != "*")
            return Look(map, host, request.Target);
        // Not only with OPTIONS, for which it is meant: the root behind an authority, else no path at all.
        return request.Authority is not null ? Look(map, host, "/") : Host().IsMatch(host) ? new(false, null, null) : Outcome.Refused;
    }

    private static Outcome Look(IEnumerable<KeyValuePair<string, string>> map, string host, string target)
    {
        if (!Host().IsMatch(host) || target.Contains('#'))
            return Outcome.Refused;
        var split = target.Split('?', 2);
        if (!split[0].StartsWith('/') || Normal(split[0]) is not { } path)
            return Outcome.Refused;
        var name = host.StartsWith('[') ? host[..(host.IndexOf(']') + 1)] : host.Split(':')[0];
        return new(false, Lookup.Find(map, name, path), split.Length > 1 ? $"{path}?{split[1]}" : path);
    }

    /// <summary>Labels of letters, digits, - and _, or an IP address; then perhaps a port. Nothing at all is no host.</summary>
    [GeneratedRegex(@"\A(([-_a-z0-9]+\.)*[-_a-z0-9]+\.?|\[[0-9a-f:.]+\])?(:[0-9]*)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Host();

    /// <summary>HAProxy takes a port that is empty, or the scheme's, from an authority.</summary>
    private static string WithoutPort(string text) =>
        text.EndsWith(":80", StringComparison.Ordinal) ? text[..^3] : text.EndsWith(':') ? text[..^1] : text;

    /// <summary>The one form of a path: see the bootstrap. Null for one with a broken escape.</summary>
    private static string? Normal(string path)
    {
        var one = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            var letter = path[i];
            if (letter == '%')
            {
                if (i + 2 >= path.Length || !byte.TryParse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                    return null;
                one.Append(char.IsAsciiLetterOrDigit((char)code) || "-._~".Contains((char)code) ? $"{(char)code}" : $"%{code:X2}");
                i += 2;
            }
            else
            {
                one.Append("\"<>[\\]^`{|}".Contains(letter) || letter >= 0x80 ? $"%{(int)letter:X2}" : $"{letter}");
            }
        }

        var kept = new List<string>();
        var parts = one.ToString().Split('/')[1..];
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] == "..")
                kept.RemoveRange(Math.Max(0, kept.Count - 1), Math.Min(1, kept.Count));
            else if (parts[i] != ".")
                kept.Add(parts[i]);
        }

        if (parts[^1] is "." or "..")
            kept.Add("");

        return "/" + string.Join('/', kept);
    }
}
