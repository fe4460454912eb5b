using System.Collections.Immutable;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Desired state → what HAProxy should run.</summary>
public class CompilerTests
{
    [Property(Arbitrary = [typeof(SmallClusters)], MaxTest = 200, StartSize = 20, EndSize = 120)]
    public void What_was_compiled_piece_by_piece_is_what_is_compiled_at_once(Happening[] log, Happening[] more)
    {
        var wanted = log.InService().Changes().Wanted();
        var configs = wanted.CompiledForEach();
        foreach (var change in more.Changes(from: 100))
        {
            var before = configs;
            (wanted, var difference) = wanted.After([change], Happenings.At);
            (configs, var changed) = configs.After(wanted, difference);
            foreach (var role in Enum.GetValues<ProxyRole>())
            {
                Assert.Equal(Lines(wanted.Compiled(role)), Lines((HAProxyConfig)configs[role]));
                Told((HAProxyConfig)before[role], (HAProxyConfig)configs[role], (HAProxyDifference)changed(role));
            }
        }
    }

    [Theory]
    [InlineData("a method")]
    [InlineData("a header")]
    [InlineData("a filter")]
    [InlineData("two backends")]
    [InlineData("a deadline")]
    public void A_route_that_cannot_be_said_is_closed_and_told_and_nothing_else_is_held_up(string what)
    {
        var wanted = Manifests.Resources("""
            kind: Ingress
            metadata: {name: web, namespace: shop}
            spec:
              ingressClassName: ours
              rules:
              - host: shop.example
                http:
                  paths:
                  - {path: /a, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}
                  - {path: /b, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}
            """).Aggregate(ClusterState.Empty, (state, one) => state.Apply([new Applied(one)], Happenings.At).State);
        var desired = DesiredState.Of(wanted, new RoutingOptions { ClassNames = ["ours"] });
        var key = Assert.Single(desired.Model.Hosts).Key;
        var routes = desired.Model.Hosts[key];
        var asked = routes.Routes[0];
        var asking = what switch
        {
            "a method" => asked with { Match = asked.Match with { Method = "GET" } },
            "a header" => asked with { Match = asked.Match with { Headers = [new("x", "y")] } },
            "a filter" => asked with { Filters = [new RedirectFilter(301, "https", null, null, null)] },
            "two backends" => asked with { Backends = [asked.Backends[0], asked.Backends[0] with { Weight = 2 }] },
            _ => asked with { Timeouts = new(TimeSpan.FromSeconds(1), null) },
        };
        var now = routes with { Routes = [asking, .. routes.Routes.Skip(1)] };

        var (config, _) = HAProxyCompiler.Advance(desired.Compiled(), desired, new([new(key, routes, now)], [], []));

        var finding = Assert.Single(config.Findings.Values.SelectMany(one => one.Items));
        Assert.Equal(("Ingress shop/web", Severity.Error, "NotExpressible"), ($"{finding.Object}", finding.Severity, finding.Reason));
        Assert.Equal(
            $"{asked.Origin.Field} asks for more than a host, a path and one backend, which these proxies cannot do yet. "
            + "Requests to it are answered 503.",
            finding.Message);
        var path = asked.Match.Path.Value;
        Assert.Equal(HAProxyRoutes.NoBackend, config.Routes[$"{key.Table}|shop.example{path}/"]);
        var other = routes.Routes[1];
        Assert.Equal(HAProxyNames.Backend(other.Backends[0].Upstream), config.Routes[$"{key.Table}|shop.example{other.Match.Path.Value}/"]);
    }

    /// <summary>Whatever differs was told.</summary>
    private static void Told(HAProxyConfig before, HAProxyConfig after, HAProxyDifference difference)
    {
        Assert.Superset(
            before.Backends.Keys.Union(after.Backends.Keys)
                .Where(name => before.Backends.GetValueOrDefault(name) != after.Backends.GetValueOrDefault(name)).ToHashSet(),
            difference.Backends.Select(one => one.Name).ToHashSet());
        Assert.All(difference.Backends, one => Assert.Equal(before.Backends.GetValueOrDefault(one.Name), one.Before));
        Assert.Equal(
            before.Routes.Keys.Union(after.Routes.Keys)
                .Where(key => before.Routes.GetValueOrDefault(key) != after.Routes.GetValueOrDefault(key)).Order(StringComparer.Ordinal),
            difference.Routes.Order(StringComparer.Ordinal));
        Assert.Superset(
            before.Certificates.Keys.Union(after.Certificates.Keys).Where(one => Line(before, one) != Line(after, one)).ToHashSet(),
            difference.Certificates.ToHashSet());
    }

    private static string Line(HAProxyConfig config, CertificateReference reference) =>
        config.Certificates.TryGetValue(reference, out var one)
            ? $"{reference} {one.Fingerprint} {string.Join(' ', one.ServerNames.Order(StringComparer.Ordinal))}"
            : "";

    private static ImmutableArray<string> Lines(HAProxyConfig config) =>
    [
        .. config.Backends.OrderBy(one => one.Key, StringComparer.Ordinal)
            .Select(one => $"{one.Key} {one.Value.Upstream} {string.Join(' ', one.Value.Servers.Items)}"),
        .. config.Routes.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value}"),
        .. config.Certificates.Keys.OrderBy(one => $"{one}", StringComparer.Ordinal).Select(one => Line(config, one)),
        $"{config.DefaultCertificate} {config.ServerLimit} {config.ProxyProtocol.LinkId} "
            + string.Join(' ', config.ProxyProtocol.Sources.Items),
        .. config.Findings.Values.SelectMany(one => one.Items).Select(one => one.Message),
    ];
}
