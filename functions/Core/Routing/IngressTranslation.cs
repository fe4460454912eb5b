using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>
/// Ingress v1 → what it asks for, host by host. Never throws: whatever cannot be served becomes a finding that names the field,
/// and all the rest of the Ingress is served.
/// </summary>
public static partial class IngressTranslation
{
    /// <summary>The route table that all Ingresses share.</summary>
    public const string Table = "ingress";

    /// <summary>What an Ingress that is ours asks for.</summary>
    /// <param name="ingress">The Ingress.</param>
    /// <param name="state">The cluster, for what it refers to.</param>
    /// <param name="onAll">What the ConfigMap of a controller that is taken over from asks for on every Ingress.</param>
    /// <param name="byDefault">The default certificate, if one is set.</param>
    /// <param name="secrets">Where Secrets are read.</param>
    /// <param name="known">Findings that are known already, such as those of its class.</param>
    internal static IngressContribution Translate(
        Ingress ingress, ClusterState state, NginxGlobalGuards onAll, CertificateReference? byDefault, SecretScope secrets, IEnumerable<Finding> known)
    {
        var annotations = NginxReading.Of(ingress, onAll);
        List<Finding> findings = [.. known, .. annotations.Findings, .. IngressOtherControllers.Findings(
            ingress.Key, (ingress.Metadata.Annotations ?? []).Keys)];
        var work = new Work(ingress, state, byDefault, secrets, annotations.IsClosed, findings);
        work.Names();
        if (annotations.IsLeftOut)
            return work.Contribution();
        work.Rules();
        work.DefaultBackend();
        work.Tls();
        return work.Contribution();
    }

    /// <param name="ingress">The Ingress.</param>
    /// <param name="state">The cluster.</param>
    /// <param name="byDefault">The default certificate.</param>
    /// <param name="secrets">Where Secrets are read.</param>
    /// <param name="closed">Whether every path answers 503: something is to guard them that is not enforced.</param>
    /// <param name="findings">Findings so far.</param>
    private sealed partial class Work(
        Ingress ingress, ClusterState state, CertificateReference? byDefault, SecretScope secrets, bool closed, List<Finding> findings)
    {
        private const string Default = "spec.defaultBackend";
        private static readonly PathMatch Everything = new(PathMatchType.Prefix, "/");
        private readonly IngressSpec spec = Limits.Apply(ingress, findings);
        private readonly SortedDictionary<string, string> names = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, ClaimParts> claims = new(StringComparer.Ordinal);
        private readonly SortedSet<ResourceKey> references = new(ResourceKey.Order);
        private Route? byRest;

        private sealed class ClaimParts
        {
            public List<Route> Routes { get; } = [];

            public CertificateReference? Certificate { get; set; }
        }

        /// <summary>
        /// Every host that is named, whatever is wrong with the rest: a slip in a path gives no host away. A rule with neither host nor paths
        /// names nothing.
        /// </summary>
        public void Names()
        {
            foreach (var (rule, r) in Indexed(spec.Rules))
            {
                if (RouteHost.TryNormalize(rule.Host, out var host, out _) && (host != HostKey.AnyHost || rule.Http?.Paths is { Length: > 0 }))
                    names.TryAdd(host, host == HostKey.AnyHost ? $"spec.rules[{r}]" : $"spec.rules[{r}].host");
            }

            if (spec.DefaultBackend is not null)
                names.TryAdd(HostKey.AnyHost, Default);
            foreach (var (tls, t) in Indexed(spec.Tls))
            {
                foreach (var (text, h) in Indexed(tls.Hosts))
                {
                    if (RouteHost.TryNormalize(text, out var host, out _) && host != HostKey.AnyHost)
                        names.TryAdd(host, $"spec.tls[{t}].hosts[{h}]");
                }
            }
        }

        public void Rules()
        {
            foreach (var (rule, r) in Indexed(spec.Rules))
            {
                var field = $"spec.rules[{r}]";
                if (!RouteHost.TryNormalize(rule.Host, out var host, out var wrong))
                {
                    Error("InvalidHost",
                        $"{field}.host {KubernetesName.Show(rule.Host)} {wrong}. The rule is not served: correct the host.");
                    continue;
                }

                foreach (var (path, p) in Indexed(rule.Http?.Paths))
                    Path(host, path, $"{field}.http.paths[{p}]");
            }

            // What is beyond a limit is closed as well, not left to a broader rule that leads to the same pods.
            if (!closed || ReferenceEquals(spec, ingress.Spec))
                return;
            foreach (var (host, field) in names)
            {
                var parts = ClaimOn(host);
                if (parts.Routes.All(route => route.Match.Path != Everything) && Route(Everything, null, field) is { } made)
                    parts.Routes.Add(made);
            }
        }

        public void DefaultBackend()
        {
            if (spec.DefaultBackend is { } backend)
                byRest = Route(Everything, backend, Default);
        }

        public IngressContribution Contribution() => new(
            ingress.Key,
            ingress.Metadata.CreationTimestamp.GetValueOrDefault(),
            names.Select(pair => claims.GetValueOrDefault(pair.Key) is { } asked
                ? new HostClaim(pair.Key, pair.Value, asked.Routes.ToValueList(), asked.Certificate)
                : new HostClaim(pair.Key, pair.Value, [], null)).ToValueList(),
            byRest,
            findings.OrderByDescending(finding => finding.Severity).ToValueList(),
            references.ToValueList());

        private void Path(string host, IngressPath path, string field)
        {
            var text = path.Path ?? "";
            if (path.PathType is "Prefix" or "ImplementationSpecific")
                text = text.Length == 0 ? "/" : text;
            else if (path.PathType is not "Exact")
            {
                Error("InvalidPathType",
                    $"{field}.pathType is {KubernetesName.Show(path.PathType)}: use Exact, Prefix or ImplementationSpecific. The path "
                    + "is not served.");
                if (!closed)
                    return;
            }

            var (isRegex, isWildcard) = (PathPattern.IsRegex(text), PathPattern.IsWildcard(text));
            if (!RoutePath.TryNormalize(host, text, out var normal, out var wrong))
            {
                var pattern = isRegex || isWildcard ? "; and no path is a pattern" : "";
                Error("InvalidPath", $"{field}.path {KubernetesName.Show(text)} {wrong}{pattern}. The path is not served.");
            }
            else if (isRegex || isWildcard)
            {
                var (reason, what) = isRegex
                    ? ("PathIsNotRegex", "looks like a regular expression")
                    : ("PathIsNotWildcard", "has a '*' as if it were a wildcard");
                var head = KubernetesName.Show(PathPattern.Head(text));
                var example = head == "'/'" && !PathPattern.IsEverything(text) ? "" : $", such as {head}";
                Error(reason, closed
                    ? $"{field}.path {KubernetesName.Show(text)} {what}. What it would guard is not known, so {head} and all below "
                        + "it answer 503. Use plain paths."
                    : $"{field}.path {KubernetesName.Show(text)} {what}. Paths are compared as they are written, so it does not "
                        + $"match the requests that it is meant for. Use plain paths{example} with pathType Prefix.");
            }

            var match = normal is null ? (PathMatch?)null
                : path.PathType == "Exact" ? new(PathMatchType.Exact, normal)
                : new PathMatch(PathMatchType.Prefix, RoutePath.TrimPrefix(normal));
            if (closed && (isRegex || isWildcard) && RoutePath.TryNormalize(host, PathPattern.Head(text), out var before, out _))
            {
                // What the pattern guards is closed, not left to a broader rule that leads to the same pods.
                match = new(PathMatchType.Prefix, RoutePath.TrimPrefix(before));
                if (claims.TryGetValue(host, out var claim) && claim.Routes.Any(route => route.Match.Path == match))
                    return;
            }

            if (match is { } wanted && Route(wanted, path.Backend, field + ".backend") is { } made)
                ClaimOn(host).Routes.Add(made);
        }

        private Route? Route(PathMatch path, IngressBackend? backend, string field)
        {
            if (closed)
                return new() { Match = new() { Path = path }, Origin = new(ingress.Key, field) };
            var unserved = field == Default ? "The default backend is not served" : "The path is not served";
            if (backend?.Service is not { } service)
            {
                Error("UnsupportedBackend", backend?.Resource is { } other
                    ? $"{field}.resource names a {KubernetesName.Show(other.Kind)}, and no resources are served. {unserved}. "
                        + $"Name a Service and its port in {field}.service instead."
                    : $"{field} has no service. {unserved}. Name a Service and its port in {field}.service.");
                return null;
            }

            if (!KubernetesName.IsLabel(service.Name))
            {
                Error("InvalidServiceName",
                    $"{field}.service.name {KubernetesName.Show(service.Name)} cannot be a Service's name (small letters, digits and "
                    + $"'-', at most 63). {unserved}. Correct the name.");
                return null;
            }

            if (!TryPort(service.Port, out var port))
            {
                Error("InvalidPort",
                    $"{field}.service.port {Shown(service.Port)}. {unserved}. Give it the name of a port of the Service (a DNS label of at "
                    + "most 15 characters), or its number from 1 to 65535.");
                return null;
            }

            var upstream = new Upstream(ingress.Metadata.Namespace, service.Name!, port, LookUpService(service.Name!, port, field));
            return new()
            {
                Match = new() { Path = path },
                Backends = [new(upstream)],
                Origin = new(ingress.Key, field),
            };
        }

        private static string Shown(ServiceBackendPort? port) => port switch
        {
            { Name.Length: > 0, Number: not (null or 0) } => "has both a name and a number",
            { Name: { Length: > 0 } name } => $"has the name {KubernetesName.Show(name)}, which no port can have",
            { Number: { } number and not 0 } => string.Create(CultureInfo.InvariantCulture, $"has the number {number}"),
            _ => "has neither name nor number",
        };

        private static bool TryPort(ServiceBackendPort? port, out string text)
        {
            text = port switch
            {
                { Name.Length: > 0, Number: not (null or 0) } => "",
                { Name: { Length: > 0 } name } => name.Length <= 15 && KubernetesName.IsLabel(name) ? name : "",
                { Number: > 0 and <= 65535 } => port.Number.Value.ToString(CultureInfo.InvariantCulture),
                _ => "",
            };
            return text.Length > 0;
        }

        /// <summary>Says what is missing at the Service, and how to talk to its pods. The route is made all the same: it answers 503 until they are there.</summary>
        private UpstreamProtocol LookUpService(string name, string port, string field)
        {
            var key = new ResourceKey(ResourceKind.Service, ingress.Metadata.Namespace, name);
            references.Add(key);
            if (state.Find<Service>(key) is not { } service)
            {
                Error("ServiceNotFound",
                    $"{field}.service.name: there is no {key}. The path answers 503 until there is. Create it, or correct the name.");
                return UpstreamProtocol.Http;
            }

            if (service.Spec?.Type == "ExternalName")
            {
                Error("ExternalNameUnsupported",
                    $"{field}.service.name: {key} is of type ExternalName and has no endpoints. The path answers 503; use a Service with a "
                    + "selector or with EndpointSlices.");
                return UpstreamProtocol.Http;
            }

            if (ServicePorts.Find(service, port) is not { } found)
            {
                Error("ServicePortNotFound",
                    $"{field}.service.port: {key} has no TCP port {port}; it has {Offered(service)}. The path answers 503: name "
                    + "one that it has.");
                return UpstreamProtocol.Http;
            }

            switch (found.AppProtocol?.ToLowerInvariant())
            {
                case "kubernetes.io/h2c" or "h2c" or "grpc":
                    return UpstreamProtocol.H2c;
                case "https" or "kubernetes.io/wss":
                    Notice("BackendNotVerified", $"{field}: {key} port {port} speaks HTTPS (appProtocol); the pods' certificates are not verified.");
                    return UpstreamProtocol.Https;
                default:
                    return UpstreamProtocol.Http;
            }
        }

        private static string Offered(Service service)
        {
            var offered = (service.Spec?.Ports ?? []).Where(one => one is not null).Take(10).Select(one => string.Create(
                CultureInfo.InvariantCulture, $"{(string.IsNullOrEmpty(one.Name) ? "" : KubernetesName.Show(one.Name) + " ")}{one.Port} {(one.Protocol is { Length: > 0 } protocol ? KubernetesName.Show(protocol) : "'TCP'")}"));
            return string.Join(", ", offered) is { Length: > 0 } text ? text : "none";
        }

        private ClaimParts ClaimOn(string host) => claims.TryGetValue(host, out var found) ? found : claims[host] = new();

        private void Error(string reason, string message) => findings.Add(new(ingress.Key, Severity.Error, reason, message));

        private void Notice(string reason, string message) => findings.Add(new(ingress.Key, Severity.Notice, reason, message));

        private static IEnumerable<(T Item, int Index)> Indexed<T>(T?[]? items) => (items ?? []).Select((item, index) => (item!, index)).Where(pair => pair.Item1 is not null);
    }
}
