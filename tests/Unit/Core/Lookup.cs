using IngressReconciler.HAProxy.Compile;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>The bootstrap's look-up (infra/haproxy/ingress.cfg, "routes"), said again in the plainest way.</summary>
internal static class Lookup
{
    /// <summary>The backend that answers a request; null for 404.</summary>
    /// <param name="map">The map of routes.</param>
    /// <param name="host">The Host header.</param>
    /// <param name="path">The path of the request, as the bootstrap has normalised it.</param>
    public static string? Find(IEnumerable<KeyValuePair<string, string>> map, string host, string path)
    {
        var name = host.Split(':')[0].ToLowerInvariant().TrimEnd('.');
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var parent = dot < 0 ? "" : name[(dot + 1)..];
        var found = Longest($"ingress|{name}{path}#") ?? Longest($"ingress|*.{parent}{path}#") ?? Longest($"ingress|{path}#");
        return found == HAProxyRoutes.NoRoute ? null : found;

        string? Longest(string key) => map.Where(entry => key.StartsWith(entry.Key, StringComparison.Ordinal))
            .OrderByDescending(entry => entry.Key.Length).Select(entry => entry.Value).FirstOrDefault();
    }
}
