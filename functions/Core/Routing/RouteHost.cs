using System.Diagnostics.CodeAnalysis;
using System.Text;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>The hosts of rules: RFC 1123 names in lower case, or <c>*.</c> and such a name.</summary>
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
        if (!Ascii.IsValid(text) || !KubernetesName.IsHost(name))
            wrong = "is not a DNS name (letters, digits, '-' and '.', each label at most 63 characters), nor '*.' and such a name";
        else if (System.Net.IPAddress.TryParse(name, out _))
            wrong = "is an IP address; a rule needs a DNS name, or none";
        else
            host = lower;
        return host is not null;
    }
}
