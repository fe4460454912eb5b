using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>What differs between the routing of two versions.</summary>
/// <param name="From">The one.</param>
/// <param name="To">The other.</param>
/// <param name="Hosts">Hosts that differ, by name.</param>
/// <param name="SettingsDiffer">Whether listeners, PROXY protocol or the default certificate differ.</param>
public sealed record VersionDiff(
    int From, int To, [property: JsonConverter(typeof(ValueListConverter<HostDiff>))] ValueList<HostDiff> Hosts, bool SettingsDiffer)
{
    /// <summary>Compares two models.</summary>
    public static VersionDiff Of(int from, RoutingModel before, int to, RoutingModel after)
    {
        var hosts = new List<HostDiff>();
        foreach (var key in before.Hosts.Keys.Union(after.Hosts.Keys).Order(HostKey.Order))
        {
            var old = before.Hosts.GetValueOrDefault(key);
            var now = after.Hosts.GetValueOrDefault(key);
            if (Equals(old, now))
                continue;
            var gone = Of(old).Except(Of(now)).ToValueList();
            var added = Of(now).Except(Of(old)).ToValueList();
            hosts.Add(new(key.ToString(), gone, added, old?.Certificate?.ToString(), now?.Certificate?.ToString()));
        }

        return new(from, to, hosts.ToValueList(), before.Settings != after.Settings);
    }

    private static IEnumerable<RouteDiff> Of(HostRoutes? host)
    {
        foreach (var route in host?.Routes ?? [])
            yield return RouteDiff.Of(route);
        if (host?.Ends is { } end)
            yield return new("all else", "404", $"{end.Object} {end.Field}");
        if (host?.Stored is { } stored)
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stored)));
            yield return new("what is not read here", $"SHA-256 {hash[..12]}", "another release");
        }
    }
}

/// <summary>One host that differs.</summary>
/// <param name="Host"><c>table|host</c>.</param>
/// <param name="Removed">Routes that only the first version has.</param>
/// <param name="Added">Routes that only the second version has.</param>
/// <param name="CertificateBefore">Certificate in the first.</param>
/// <param name="CertificateAfter">Certificate in the second.</param>
public sealed record HostDiff(
    string Host,
    [property: JsonConverter(typeof(ValueListConverter<RouteDiff>))] ValueList<RouteDiff> Removed,
    [property: JsonConverter(typeof(ValueListConverter<RouteDiff>))] ValueList<RouteDiff> Added,
    string? CertificateBefore,
    string? CertificateAfter);

/// <summary>A route in short.</summary>
/// <param name="Path">Type and path.</param>
/// <param name="To">Its upstreams.</param>
/// <param name="Origin">Who asked for it.</param>
public sealed record RouteDiff(string Path, string To, string Origin)
{
    /// <summary>Shortens a route.</summary>
    public static RouteDiff Of(Route route) => new(
        $"{route.Match.Path.Type} {route.Match.Path.Value}",
        string.Join(", ", route.Backends.Select(backend => backend.Upstream.ToString())),
        $"{route.Origin.Object} {route.Origin.Field}");
}
