using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>What the edge asks of routing.</summary>
/// <param name="Settings">Who may and who must send PROXY headers to the ingress proxies.</param>
/// <param name="Tables">The routes of the edge proxies' tables; none without edge proxies.</param>
/// <param name="Findings">What does not fit together.</param>
public sealed record EdgeContribution(ProxyProtocolSettings Settings, ValueList<HostDifference> Tables, ValueList<Finding> Findings);

/// <summary>
/// Edge, settings, a foreign controller's ConfigMap ─► PROXY settings and the edge proxies' routes. What cannot work together is left out and becomes
/// a finding that says what to do; nothing else is held up by it.
/// </summary>
public static class EdgeTranslation
{
    /// <summary>The ports of the proxies' Service that take any connection, by the edge's table for each.</summary>
    private static readonly (string Table, string Probe, string Port, UpstreamProtocol Protocol)[] Ways =
        [(EdgeTables.Http, EdgeTables.ProbeHttp, "http", UpstreamProtocol.Tcp), (EdgeTables.Https, EdgeTables.ProbeHttps, "https", UpstreamProtocol.Tls)];

    /// <summary>What is wanted of the edge: whatever concerns no other object is found at it.</summary>
    public static ResourceKey Key => ProxyProtocol.EdgeKey;

    /// <summary>Whether another translation may follow from a change of that object.</summary>
    public static bool Concerns(ResourceKey key, RoutingOptions options) =>
        key.Kind == ResourceKind.ProxyProtocol || key == options.ProxyService || key == options.ConfigMap;

    /// <summary>The name of the Service's port for connections that begin with such a header.</summary>
    public static string PortFor(string port, SendProxy header) => header == SendProxy.None ? port : port + "-proxy";

    /// <summary>What is wanted of PROXY protocol: what was last asked for, or none.</summary>
    public static ProxyProtocolSpec Asked(ClusterState state) => state.Find<ProxyProtocol>(ProxyProtocol.EdgeKey)?.Spec ?? new();

    /// <summary>Translates. Never throws.</summary>
    public static EdgeContribution Translate(ClusterState state, RoutingOptions options)
    {
        var work = new Work(state, options);
        work.Settings();
        work.ConfigMap();
        work.Edge();
        work.Everybody();
        work.Service();
        return work.Result();
    }

    private sealed class Work(ClusterState state, RoutingOptions options)
    {
        private readonly SortedDictionary<string, ProxySource> sources = new(StringComparer.Ordinal);
        private readonly Dictionary<string, (ResourceKey Key, string Field)> origins = new(StringComparer.Ordinal);
        private readonly List<HostDifference> tables = [];
        private readonly List<Finding> findings = [];

        private bool IsPlain => options.Edge is { HasProxies: false };

        public void Settings()
        {
            foreach (var source in options.Settings.ProxyProtocol.Sources)
                TrustOther(source, ProxyProtocol.EdgeKey, "setting TrustedSources");
        }

        /// <summary>ingress-nginx's <c>use-proxy-protocol</c> and <c>proxy-real-ip-cidr</c>.</summary>
        public void ConfigMap()
        {
            if (options.ConfigMap is not { } key || state.Find<ConfigMap>(key) is not { Data: { } settings } || !settings.TryGetValue("use-proxy-protocol", out var use))
                return;
            if (use is not ("true" or "false"))
                Error(key, "InvalidValue", $"data.use-proxy-protocol is {KubernetesName.Show(use)}: nobody is made to send a PROXY header. Set it to \"true\" or \"false\".");
            if (use != "true")
                return;
            if (!settings.TryGetValue("proxy-real-ip-cidr", out var networks) || string.IsNullOrWhiteSpace(networks))
            {
                if (options.Edge is not { HasProxies: true })
                    Error(key, "TrustsEverybody", "data.use-proxy-protocol is \"true\" without data.proxy-real-ip-cidr, which means everybody: no header is believed. Set proxy-real-ip-cidr to the networks of the load balancer that sends them.");
                return;
            }

            foreach (var text in networks.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (!Networks.TryParse(text, out var network))
                    Error(key, "InvalidNetwork", $"data.proxy-real-ip-cidr has {KubernetesName.Show(text)}, which is no network: it is left out. Write it as 10.0.2.0/24 or fd00::/64.");
                else
                    TrustOther(new(network.ToString(), Required: true), key, "data.proxy-real-ip-cidr");
            }
        }

        public void Edge()
        {
            if (options.Edge is not { HasProxies: true } edge)
                return;
            var asked = Asked(state);
            if (edge.Sources.Count == 0 && asked.Accept != HeaderAcceptance.None)
                Error(ProxyProtocol.EdgeKey, "EdgeSourcesUnknown", "PROXY protocol is asked for, and nobody knows where the edge connects from: no header is believed. Set EdgeSources to the edge's subnet.");
            foreach (var network in edge.Sources)
            {
                // Where a wider network must send headers, the edge needs a word of its own to go without.
                if (asked.Accept != HeaderAcceptance.None || sources.Values.Any(other => Networks.TryParse(other.Network, out var wider) && wider.Contains(IPNetwork.Parse(network).BaseAddress)))
                    Trust(new(network, asked.Accept == HeaderAcceptance.Required), ProxyProtocol.EdgeKey, "setting EdgeSources");
            }

            foreach (var (table, probe, port, protocol) in Ways)
            {
                Lead(table, port, protocol, asked.Send, "spec.send");
                Lead(probe, port, protocol, asked.Try, "spec.try");
            }
        }

        /// <summary>What is everybody only together is left out as one network of everybody is.</summary>
        public void Everybody()
        {
            var wide = WideNetworks.In([.. sources.Keys.Select(IPNetwork.Parse)]);
            foreach (var network in sources.Keys.Where(network => wide.Contains(IPNetwork.Parse(network))).ToArray())
            {
                sources.Remove(network);
                var (key, field) = origins[network];
                Error(key, "TrustsEverybody", $"{field} has {network}, which with the networks beside it is nearly everybody, who could claim any address: it is left out. Name the networks that really send PROXY headers.");
            }
        }

        public void Service()
        {
            if (options.Edge is null && sources.Count == 0)
                return;
            if (state.Find<Service>(options.ProxyService) is not { } service)
            {
                if (options.Edge is { HasProxies: true } && state.Counts.GetValueOrDefault(ResourceKind.Service) > 0)
                    Error(options.ProxyService, "ProxyServiceMissing", "the ingress proxies' Service is not there, so the edge has nowhere to lead to. Apply infra/kubernetes, or name the Service in setting ProxyService.");
                return;
            }

            if (service.Spec.ExternalTrafficPolicy != "Local")
            {
                var what = sources.Count > 0
                    ? "every node puts its own address in the place of the sender's, so who sends PROXY headers cannot be told from who does not"
                    : "every node puts its own address in the place of the client's";
                findings.Add(new(service.Key, sources.Count > 0 ? Severity.Error : Severity.Notice, "SourceIsRewritten", $"spec.externalTrafficPolicy is {KubernetesName.Show(service.Spec.ExternalTrafficPolicy ?? "Cluster")}: {what}. Set it to Local."));
            }

            if (options.Edge is not { HasProxies: true })
                return;
            var asked = Asked(state);
            var used = Ways.SelectMany(way => new[] { PortFor(way.Port, asked.Send), PortFor(way.Port, asked.Try) }).Distinct();
            foreach (var port in used.Where(port => ServicePorts.Find(service, port) is not { NodePort: > 0 }))
                Error(service.Key, "NodePortMissing", $"spec.ports has no TCP port named {port} with a nodePort, so the edge has nowhere to lead to. Add it, as infra/kubernetes does.");
        }

        public EdgeContribution Result() => new(options.Settings.ProxyProtocol with { Sources = sources.Values.ToValueList() }, tables.ToValueList(), findings.ToValueList());

        /// <summary>Somebody besides our own edge, about which nobody else has a say.</summary>
        private void TrustOther(ProxySource source, ResourceKey from, string field)
        {
            if (options.Edge is { HasProxies: true } edge && Networks.TryParse(source.Network, out var network)
                && edge.Sources.Any(own => IPNetwork.TryParse(own, out var parsed) && parsed.PrefixLength <= network.PrefixLength && parsed.Contains(network.BaseAddress)))
                findings.Add(new(from, Severity.Notice, "EdgeDecides", $"{field} has {source.Network}, where our own edge is: it is left out. Whether the edge sends PROXY headers is decided by 'proxy-protocol enable' and 'disable', not here."));
            else
                Trust(source, from, field);
        }

        private void Trust(ProxySource source, ResourceKey from, string field)
        {
            if (!Networks.TryParse(source.Network, out var network) || network.PrefixLength == 0)
                Error(from, "TrustsEverybody", $"{field} has {source.Network}: anybody could claim any address, so it is left out. Name the networks that really send PROXY headers.");
            else if (IsPlain)
                Error(from, "NobodySendsHeaders", $"{field} has {source.Network}, and the edge is a load balancer that passes packets on and sends no PROXY header: it is left out, for clients from there would be refused. Remove it, or set EdgeShape to haproxy.");
            else
                (sources[source.Network], origins[source.Network]) = (source, (from, field));
        }

        private void Lead(string table, string port, UpstreamProtocol protocol, SendProxy header, string field)
        {
            var upstream = new Upstream(options.ProxyService.Namespace, options.ProxyService.Name, PortFor(port, header), protocol, header, AtNodes: true);
            var route = new Route
            {
                Match = new() { Path = new(PathMatchType.Prefix, "/") },
                Backends = [new(upstream)],
                Origin = new(ProxyProtocol.EdgeKey, field),
            };
            tables.Add(new(new(table, HostKey.AnyHost), null, new() { Routes = [route] }));
        }

        private void Error(ResourceKey key, string reason, string message) => findings.Add(new(key, Severity.Error, reason, message));
    }
}
