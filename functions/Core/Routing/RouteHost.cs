using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>
/// The hosts of rules: RFC 1123 names in lower case, or <c>*.</c> and such a name. The API server takes the same, and labels of over 63
/// characters too: no client finds such a name in DNS, so its rule would never be asked for, and is refused with the reason.
/// </summary>
public static class RouteHost
{
    /// <summary>The host in lower case (<see cref="HostKey.AnyHost"/> for none), or false and what is wrong with it.</summary>
    public static bool TryNormalize(string? text, [NotNullWhen(true)] out string? host, [NotNullWhen(false)] out string? wrong)
    {
        host = null;
        wrong = null;
        if (string.IsNullOrEmpty(text))
        {
            host = HostKey.AnyHost;
            return true;
        }

        var lower = text.ToLowerInvariant();
        var name = lower.StartsWith("*.", StringComparison.Ordinal) ? lower.AsSpan(2) : lower;
        // Asked of the text as it came: beyond ASCII there are letters whose lower case is an ASCII one.
        if (!Ascii.IsValid(text) || !KubernetesName.IsSubdomain(name))
            wrong = "is not a DNS name (letters, digits, '-' and '.', each label at most 63 characters), nor '*.' and such a name";
        else if (!KubernetesName.IsHost(name))
            wrong = "has a label of more than 63 characters, which DNS cannot have, so that no client finds it; shorten the label";
        else if (IsAddress(lower))
            wrong = "is an IP address; a rule needs a DNS name, or none";
        else
            host = lower;
        return host is not null;
    }

    /// <summary>
    /// Whether Kubernetes takes a DNS name for an IPv4 address: four numbers up to 255, leading zeros allowed. <c>1.2</c> is a name.
    /// </summary>
    private static bool IsAddress(string name) =>
        name.Split('.') is { Length: 4 } parts
        && parts.All(part => byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));
}
