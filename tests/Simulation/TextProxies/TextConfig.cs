using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.Simulation.TextProxies;

/// <summary>
/// What a proxy is to run that takes its whole configuration as one text: a line for each route, and one for each upstream's endpoints.
/// </summary>
/// <param name="Lines">The lines by what they are of.</param>
public sealed record TextConfig(ImmutableSortedDictionary<string, string> Lines) : ProxyConfig(ProxyRole.Ingress)
{
    /// <summary>What a line of an upstream begins with.</summary>
    public const string Upstream = "upstream ";

    /// <inheritdoc/>
    public override IEnumerable<Finding> NotExpressible => [];

    /// <summary>Of a whole desired state.</summary>
    public static TextConfig Of(DesiredState desired)
    {
        var empty = new TextConfig(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
        return empty.Advance(desired, DesiredDifference.All(desired)).Next;
    }

    /// <inheritdoc/>
    public override (ProxyConfig Next, ConfigDifference Difference) After(DesiredState desired, DesiredDifference difference) =>
        Advance(desired, difference);

    /// <inheritdoc/>
    public override ConfigDifference Undo(ConfigDifference difference) => difference;

    /// <summary>The text that says it.</summary>
    public string Text(int version)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"version {version}\n"));
        foreach (var (key, value) in Lines)
            text.Append(CultureInfo.InvariantCulture, $"{key} {value}\n");
        return text.ToString();
    }

    private (TextConfig Next, ConfigDifference Difference) Advance(DesiredState desired, DesiredDifference difference)
    {
        var lines = Lines.ToBuilder();
        var differs = false;
        foreach (var host in difference.Hosts)
        {
            Set($"host {host.Host}", host.After is null ? null : string.Join(", ", host.After.Routes.Select(Route)));
        }

        foreach (var (upstream, _) in difference.Upstreams)
            Set($"{Upstream}{upstream} {upstream.Protocol}", desired.Endpoints.TryGetValue(upstream, out var set) ? Places(set) : null);
        return (new(lines.ToImmutable()), differs ? TextDifference.Some : ConfigDifference.None);

        void Set(string key, string? value)
        {
            if (lines.GetValueOrDefault(key) == value)
                return;
            differs = true;
            if (value is null)
                lines.Remove(key);
            else
                lines[key] = value;
        }
    }

    private static string Route(Route route) =>
        $"{route.Match.Path} {(route.Backends.Count > 0 ? $"{route.Backends[0].Upstream}" : "nothing")}";

    private static string Places(EndpointSet set) => string.Join(' ', set.Endpoints.Select(Place));

    private static string Place(Endpoint one) =>
        string.Create(CultureInfo.InvariantCulture, $"{one.Address}:{one.Port}{(one.State == EndpointState.Ready ? "" : "-")}");

    private sealed record TextDifference : ConfigDifference
    {
        public static TextDifference Some { get; } = new();

        public override bool IsEmpty => false;
    }
}
