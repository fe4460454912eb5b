using System.Collections.Immutable;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Compile;

/// <summary>
/// Desired state → what HAProxy is to run. Pure, and incremental: a changed endpoint, route or certificate costs what it touches.
/// <see cref="Advance"/> after any sequence of changes equals <see cref="Compile"/> of the last state.
/// </summary>
public static class HAProxyCompiler
{
    /// <summary>Compiles all of a desired state for the proxies of one role.</summary>
    public static HAProxyConfig Compile(DesiredState desired, ProxyRole role) =>
        Advance(new(role), desired, DesiredDifference.All(desired)).Next;

    /// <summary>Compiles what of the desired state differs.</summary>
    /// <param name="config">What was compiled of the state before.</param>
    /// <param name="desired">The state now.</param>
    /// <param name="difference">What differs between the two.</param>
    public static (HAProxyConfig Next, HAProxyDifference Difference) Advance(
        HAProxyConfig config, DesiredState desired, DesiredDifference difference)
    {
        config = config with { Model = desired.Model };
        if (difference.IsEmpty)
            return (config, HAProxyDifference.None);
        var (next, routes) = Routes(config, difference.Hosts);
        (next, var backends) = Backends(next, desired, difference.Upstreams);
        if (config.Role == ProxyRole.Edge)
            return (next, new(backends, routes, [], ProxySources: false));
        var settings = desired.Model.Settings;
        next = next with
        {
            Certificates = Certificates(config, desired, difference.Certificates),
            DefaultCertificate =
                settings.DefaultCertificate is { } byDefault && desired.SecretOf(byDefault) is { Fingerprint: { } fingerprint }
                    ? new(byDefault, fingerprint)
                    : null,
            ProxyProtocol = settings.ProxyProtocol,
            ServerLimit = settings.PodConnections ?? HAProxyNames.PodConnections,
        };
        return (next, new(backends, routes, difference.Certificates, difference.Settings is not null));
    }

    private static (HAProxyConfig Next, ImmutableArray<string> Keys) Routes(HAProxyConfig config, ImmutableArray<HostDifference> hosts)
    {
        var routes = config.Routes.ToBuilder();
        var findings = config.Findings;
        var keys = ImmutableArray.CreateBuilder<string>();
        foreach (var host in hosts.Where(one => EdgeTables.Contains(one.Host.Table) == (config.Role == ProxyRole.Edge)))
        {
            var piecewise = findings.ContainsKey(host.Host) ? null : Differing(host);
            foreach (var (key, value) in piecewise ?? Whole(host))
            {
                if (routes.GetValueOrDefault(key) == value)
                    continue;
                if (value is null)
                    routes.Remove(key);
                else
                    routes[key] = value;
                keys.Add(key);
            }

            if (piecewise is not null)
                continue;
            ValueList<Finding> unsaid = [.. HAProxyRoutes.Findings(host.After)];
            findings = unsaid.Count > 0 ? findings.SetItem(host.Host, unsaid) : findings.Remove(host.Host);
        }

        return (config with { Routes = routes.ToImmutable(), Findings = findings }, keys.DrainToImmutable());
    }

    /// <summary>
    /// Entries of the routes that differ; null where what one of them asks for cannot be said, which may be on the key of another.
    /// </summary>
    private static IEnumerable<KeyValuePair<string, string?>>? Differing(HostDifference host)
    {
        if (host is not { Before: { } before, After: { } after })
            return null;
        var differing = host.Routes.ToArray();
        if (differing.SelectMany(one => new[] { one.Before, one.After }).OfType<Route>().Any(route => !HAProxyRoutes.IsExpressible(route)))
            return null;
        var paths = differing.Select(route => route.Match.Path.Value);
        if (before.Ends is null != after.Ends is null)
            paths = paths.Append("/");
        return paths.Distinct(StringComparer.Ordinal).SelectMany(path => HAProxyRoutes.EntriesAt(host.Host, after, path));
    }

    /// <summary>Entries that the host has, and had.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> Whole(HostDifference host)
    {
        var now = HAProxyRoutes.Entries(host.Host, host.After);
        return HAProxyRoutes.Entries(host.Host, host.Before).Keys.Where(key => !now.ContainsKey(key))
            .Select(key => KeyValuePair.Create(key, (string?)null))
            .Concat(now.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)));
    }

    private static (HAProxyConfig Next, ImmutableArray<BackendDifference> Differences) Backends(
        HAProxyConfig config, DesiredState desired, ImmutableArray<UpstreamDifference> upstreams)
    {
        var backends = config.Backends.ToBuilder();
        var differences = ImmutableArray.CreateBuilder<BackendDifference>();
        foreach (var (upstream, _) in upstreams)
        {
            if (upstream.AtNodes != (config.Role == ProxyRole.Edge))
                continue;
            var name = HAProxyNames.Backend(upstream);
            var before = backends.GetValueOrDefault(name);
            var now = desired.Endpoints.TryGetValue(upstream, out var endpoints) ? BackendConfig.Of(name, upstream, endpoints) : null;
            if (now == before)
                continue;
            if (now is null)
                backends.Remove(name);
            else
                backends[name] = now;
            differences.Add(new(name, before));
        }

        return (config with { Backends = backends.ToImmutable() }, differences.DrainToImmutable());
    }

    private static ImmutableDictionary<CertificateReference, CertificateConfig> Certificates(
        HAProxyConfig config, DesiredState desired, ImmutableArray<CertificateReference> touched)
    {
        var certificates = config.Certificates.ToBuilder();
        foreach (var reference in touched)
        {
            if (desired.Translation.Uses.HostsOf.TryGetValue(reference, out var hosts))
                certificates[reference] = new(desired.SecretOf(reference)?.Fingerprint, hosts);
            else
                certificates.Remove(reference);
        }

        return certificates.ToImmutable();
    }
}
