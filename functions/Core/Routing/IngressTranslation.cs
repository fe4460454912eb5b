using System.Buffers;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>
/// Ingress v1 → what it asks for, host by host. Never throws: whatever cannot be served becomes a finding that names the field,
/// and all the rest of the Ingress is served.
/// </summary>
public static class IngressTranslation
{
    /// <summary>The route table that all Ingresses share.</summary>
    public const string Table = "ingress";

    /// <summary>The annotation that named a class before <c>spec.ingressClassName</c> did.</summary>
    public const string ClassAnnotation = "kubernetes.io/ingress.class";

    private static readonly SearchValues<char> RegexCharacters = SearchValues.Create("()[]{}|^$*+\\");

    /// <summary>Whether an Ingress is ours to serve.</summary>
    /// <param name="ingress">The Ingress.</param>
    /// <param name="classes">Every IngressClass of the cluster.</param>
    /// <param name="options">Which classes are ours.</param>
    public static bool IsOurs(Ingress ingress, IReadOnlyDictionary<string, IngressClass> classes, RoutingOptions options)
    {
        var name = ingress.Spec?.IngressClassName ?? ingress.Metadata.Annotation(ClassAnnotation);
        if (string.IsNullOrEmpty(name))
            return classes.Values.Any(one => one.IsDefault && IsOurs(one, options));
        return classes.TryGetValue(name, out var named) ? IsOurs(named, options) : options.ClassNames.Contains(name);
    }

    /// <summary>What an Ingress asks for.</summary>
    public static IngressContribution Translate(Ingress ingress, ClusterState state)
    {
        var work = new Work(ingress, state);
        work.Rules();
        work.DefaultBackend();
        work.Tls();
        return work.Contribution();
    }

    private static bool IsOurs(IngressClass one, RoutingOptions options) => one.Spec?.Controller is { } controller && options.Controllers.Contains(controller);

    private sealed class Work(Ingress ingress, ClusterState state)
    {
        private readonly IngressSpec spec = ingress.Spec ?? new();
        private readonly SortedDictionary<string, ClaimParts> claims = new(StringComparer.Ordinal);
        private readonly List<Finding> findings = [];
        private readonly SortedSet<ResourceKey> references = new(ResourceKey.Order);

        private sealed class ClaimParts
        {
            public List<Route> Routes { get; } = [];

            public Route? Default { get; set; }

            public CertificateReference? Certificate { get; set; }
        }

        public void Rules()
        {
            foreach (var (rule, r) in Indexed(spec.Rules))
            {
                var field = $"spec.rules[{r}]";
                if (!RouteHost.TryNormalize(rule.Host, out var host, out var wrong))
                {
                    Error("InvalidHost", $"{field}.host {KubernetesName.Show(rule.Host)} {wrong}. The rule is not served.");
                    continue;
                }

                foreach (var (path, p) in Indexed(rule.Http?.Paths))
                    Path(host, path, $"{field}.http.paths[{p}]");
            }
        }

        public void DefaultBackend()
        {
            if (spec.DefaultBackend is { } backend)
                ClaimOn(HostKey.AnyHost).Default = Route(new(PathMatchType.Prefix, "/"), backend, "spec.defaultBackend");
        }

        public void Tls()
        {
            foreach (var (tls, t) in Indexed(spec.Tls))
            {
                var field = $"spec.tls[{t}]";
                if (string.IsNullOrEmpty(tls.SecretName))
                    continue;
                if (!KubernetesName.IsSubdomain(tls.SecretName))
                {
                    Error("InvalidSecretName", $"{field}.secretName {KubernetesName.Show(tls.SecretName)} is not a Secret's name. The default certificate is served.");
                    continue;
                }

                LookUpSecret(tls.SecretName, field);
                var hosts = tls.Hosts is { Length: > 0 } named ? named : [.. claims.Keys.Where(host => host != HostKey.AnyHost)];
                foreach (var (text, h) in Indexed(hosts))
                    Bind(text, tls.SecretName, $"{field}.hosts[{h}]");
            }
        }

        public IngressContribution Contribution() => new(
            ingress.Key,
            ingress.Metadata.CreationTimestamp.GetValueOrDefault(),
            claims.Select(pair => new HostClaim(pair.Key, pair.Value.Routes.ToValueList(), pair.Value.Default, pair.Value.Certificate)).ToValueList(),
            findings.ToValueList(),
            references.ToValueList());

        private void Path(string host, IngressPath path, string field)
        {
            var text = path.Path ?? "";
            switch (path.PathType)
            {
                case "Exact":
                    break;
                case "Prefix":
                    text = text.Length == 0 ? "/" : text;
                    break;
                case "ImplementationSpecific":
                    text = text.Length == 0 ? "/" : text;
                    if (text.AsSpan().ContainsAny(RegexCharacters))
                        Notice("PathIsNotRegex", $"{field}.path {KubernetesName.Show(text)} looks like a regular expression; ImplementationSpecific paths are served as plain prefixes.");
                    break;
                default:
                    Error("InvalidPathType", $"{field}.pathType is {KubernetesName.Show(path.PathType)}; use Exact, Prefix or ImplementationSpecific. The path is not served.");
                    return;
            }

            if (!RoutePath.TryNormalize(host, text, out var normal, out var wrong))
            {
                Error("InvalidPath", $"{field}.path {KubernetesName.Show(text)} {wrong}. The path is not served.");
                return;
            }

            var match = path.PathType == "Exact"
                ? new PathMatch(PathMatchType.Exact, normal)
                : new PathMatch(PathMatchType.Prefix, RoutePath.TrimPrefix(normal));
            if (Route(match, path.Backend, field + ".backend") is { } route)
                ClaimOn(host).Routes.Add(route);
        }

        private Route? Route(PathMatch path, IngressBackend? backend, string field)
        {
            if (backend?.Service is not { } service)
            {
                Error("UnsupportedBackend", backend?.Resource is { } other
                    ? $"{field}.resource names a {KubernetesName.Show(other.Kind)}; only Services can be routed to. The path is not served."
                    : $"{field} names no Service. The path is not served.");
                return null;
            }

            if (!KubernetesName.IsLabel(service.Name))
            {
                Error("InvalidServiceName", $"{field}.service.name {KubernetesName.Show(service.Name)} is not a Service's name. The path is not served.");
                return null;
            }

            if (!TryPort(service.Port, out var port))
            {
                Error("InvalidPort", $"{field}.service.port needs a name (a DNS label of at most 15 characters) or a number from 1 to 65535. The path is not served.");
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

        private static bool TryPort(ServiceBackendPort? port, out string text)
        {
            text = port switch
            {
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
                Error("ServiceNotFound", $"{field}.service.name: there is no {key}. The path answers 503 until there is.");
                return UpstreamProtocol.Http;
            }

            if (service.Spec?.Type == "ExternalName")
            {
                Error("ExternalNameUnsupported", $"{field}.service.name: {key} is of type ExternalName and has no endpoints. The path answers 503; use a Service with a selector or with EndpointSlices.");
                return UpstreamProtocol.Http;
            }

            if (ServicePorts.Find(service, port) is not { } found)
            {
                Error("ServicePortNotFound", $"{field}.service.port: {key} has no TCP port {port}; it has {Offered(service)}. The path answers 503.");
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

        private void LookUpSecret(string name, string field)
        {
            var key = new ResourceKey(ResourceKind.Secret, ingress.Metadata.Namespace, name);
            references.Add(key);
            if (state.Find<Secret>(key) is not { } secret)
                Error("SecretNotFound", $"{field}.secretName: there is no {key} of type kubernetes.io/tls. The default certificate is served until there is.");
            else if (secret.Fingerprint is null)
                Error("SecretUnusable", $"{field}.secretName: {key} has no certificate and key (tls.crt, tls.key). The default certificate is served.");
        }

        private void Bind(string? text, string secret, string field)
        {
            if (!RouteHost.TryNormalize(text, out var host, out var wrong) || host == HostKey.AnyHost)
            {
                Error("InvalidHost", $"{field} {KubernetesName.Show(text)} {wrong ?? "is empty"}. It is served with the default certificate.");
                return;
            }

            var claim = ClaimOn(host);
            var wanted = new CertificateReference(ingress.Metadata.Namespace, secret);
            if (claim.Certificate is { } first && first != wanted)
                Error("CertificateConflict", $"{field}: host {host} is bound to Secret {first.Name} already; Secret {secret} is not used for it.");
            else
                claim.Certificate = wanted;
        }

        private ClaimParts ClaimOn(string host) => claims.TryGetValue(host, out var found) ? found : claims[host] = new();

        private void Error(string reason, string message) => findings.Add(new(ingress.Key, Severity.Error, reason, message));

        private void Notice(string reason, string message) => findings.Add(new(ingress.Key, Severity.Notice, reason, message));

        private static IEnumerable<(T Item, int Index)> Indexed<T>(T?[]? items) => (items ?? []).Select((item, index) => (item!, index)).Where(pair => pair.Item1 is not null);
    }
}
