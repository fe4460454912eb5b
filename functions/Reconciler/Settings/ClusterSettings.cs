using System.Collections.Immutable;
using System.Net;
using Azure.Core;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Edge;
using IngressReconciler.Kubernetes;
using IngressReconciler.Proxies;
using IngressReconciler.ResourceManager;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using IngressReconciler.Workers;

namespace IngressReconciler.Settings;

/// <summary>What an operator sets for one cluster: <c>IngressReconciler__Clusters__ID__NAME</c> as an environment variable.</summary>
/// <param name="Id">The cluster's id, a DNS label.</param>
/// <param name="Proxies"><c>Proxies</c> and <c>Edges</c>: its ingress and its edge proxies, <c>name=host:port</c> of each admin port, separated by commas.</param>
/// <param name="Manifests"><c>Manifests</c>: a folder of manifests that stands for the cluster; null when there is an API server.</param>
/// <param name="Access">How its API server is reached.</param>
/// <param name="Reading">What of it is read.</param>
/// <param name="Routing">How it is routed.</param>
public sealed record ClusterSettings(
    string Id, ImmutableArray<ConfirmedProxy> Proxies, string? Manifests, ClusterAccess Access, ClusterReading Reading, RoutingOptions Routing)
{
    private static readonly ImmutableHashSet<string> Known =
    [
        "Proxies", "Manifests", "TrustedSources", "Controllers", "ClassNames", "DefaultCertificate", "AllowLoopbackEndpoints",
        "Kubeconfig", "Context", "ApiServer", "ApiServerAuthority", "ApiServerIdentity",
        "ProxyNamespace", "ProxySelector", "ProxyService", "ReadSecrets", "ReadNodes", "ConfigMap", "HoldBackAbove", "Addresses",
        "EdgeShape", "EdgeSources", "Edges", "EdgeScaleSet", "EdgeProbePorts", "PrivateLinkIdHeader", "ManagementEndpoint",
        "PodNetworks", "HostNetworkNamespaces", "ManagedSlicesOnly", "PodConnections",
        "HostOwnership", "Hosts", "KeepVersions", "KeepDays",
    ];

    private static readonly ImmutableArray<string> ForEdgeProxies = ["EdgeSources", "Edges", "EdgeScaleSet", "EdgeProbePorts"];

    /// <summary><c>Addresses</c>: of the edge, as clients reach it; Ingresses that are served say so in their status. None means that no status is written.</summary>
    public ValueList<LoadBalancerAddress> Addresses { get; init; } = [];

    /// <summary><c>KeepVersions</c> and <c>KeepDays</c>: which versions stay in storage.</summary>
    public RetentionPolicy Retention { get; init; } = new();

    /// <summary><c>EdgeProbePorts</c>: where edge proxies take our probes.</summary>
    public ProbePorts EdgeProbePorts { get; init; } = new();

    /// <summary><c>EdgeScaleSet</c>: the scale set whose machines are edge proxies; null for none.</summary>
    public ResourceIdentifier? EdgeScaleSet { get; init; }

    /// <summary><c>ManagementEndpoint</c>: Azure Resource Manager of the cloud that it is in.</summary>
    public Uri ManagementEndpoint { get; init; } = new("https://management.azure.com/");

    /// <summary>What lists the machines of <see cref="EdgeScaleSet"/>; null without one. Nothing is reached yet.</summary>
    public EdgeScaleSet? OpenEdge() => EdgeScaleSet is null ? null : new(EdgeScaleSet, ManagementEndpoint, Access.Credential);

    /// <summary>Reads one cluster's section.</summary>
    /// <exception cref="SettingException">A setting is unknown or cannot be read.</exception>
    public static ClusterSettings Read(IConfigurationSection section)
    {
        if (section.GetChildren().FirstOrDefault(child => !Known.Contains(child.Key)) is { } unknown)
            throw new SettingException(unknown.Path, unknown.Value, $"one of {string.Join(", ", Known.Order(StringComparer.Ordinal))}");
        var routing = new RoutingOptions();
        var access = ClusterAccess.Read(section);
        return new(
            section.Key,
            ProxiesOf(section),
            section["Manifests"] is { Length: > 0 } folder ? folder : null,
            access,
            ReadingOf(section, access),
            routing with
            {
                Ownership = OwnershipOf(section),
                Edge = EdgeOf(section),
                ProxyService = ProxyServiceOf(section),
                ConfigMap = section["ConfigMap"] is { Length: > 0 } map && Parse(section, "ConfigMap", map, Reference) is var (ns, name) ? new(ResourceKind.ConfigMap, ns, name) : null,
                Secrets = SecretsOf(section),
                MassDeletion = section["HoldBackAbove"] is { Length: > 0 } percent
                    ? new(Parse(section, "HoldBackAbove", percent, Percent) / 100.0)
                    : routing.MassDeletion,
                Controllers = [.. routing.Controllers, .. List(section, "Controllers")],
                ClassNames = [.. List(section, "ClassNames")],
                AllowLoopbackEndpoints = Flag(section, "AllowLoopbackEndpoints", unset: false),
                Addresses = AddressesOf(section, access),
                Settings = routing.Settings with
                {
                    ProxyProtocol = new()
                    {
                        Sources = Networks(section, "TrustedSources").Select(network => new ProxySource(network, Required: true)).ToValueList(),
                        LinkId = Flag(section, "PrivateLinkIdHeader", unset: false),
                    },
                    PodConnections = section["PodConnections"] is { Length: > 0 } limit ? Parse(section, "PodConnections", limit, Connections) : null,
                    DefaultCertificate = section["DefaultCertificate"] is { Length: > 0 } reference
                        ? Parse(section, "DefaultCertificate", reference, text => Readable(section, Reference(text)))
                        : null,
                },
            })
        {
            Retention = RetentionOf(section),
            EdgeProbePorts = section["EdgeProbePorts"] is { Length: > 0 } ports ? Parse(section, "EdgeProbePorts", ports, ProbePorts.Parse) : new(),
            EdgeScaleSet = section["EdgeScaleSet"] is { Length: > 0 } set ? Parse(section, "EdgeScaleSet", set, ScaleSet) : null,
            ManagementEndpoint = section["ManagementEndpoint"] is { Length: > 0 } management ? Parse(section, "ManagementEndpoint", management, Https) : new("https://management.azure.com/"),
            Addresses = List(section, "Addresses").Select(text => Parse(section, "Addresses", text, Address)).Distinct().ToValueList(),
        };
    }

    private static ImmutableArray<ConfirmedProxy> ProxiesOf(IConfigurationSection section)
    {
        ImmutableArray<ConfirmedProxy> proxies =
        [
            .. List(section, "Proxies").Select(text => Parse(section, "Proxies", text, one => ProxyConfirmation.OfSetting(one))),
            .. List(section, "Edges").Select(
                text => Parse(section, "Edges", text, one => ProxyConfirmation.OfSetting(one, ProxyRole.Edge))),
        ];
        return proxies.GroupBy(proxy => proxy.Name).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new SettingException($"{section.Path}:{(twice.Any(one => one.Role == ProxyRole.Edge) ? "Edges" : "Proxies")}", twice.Key, "this name is used twice; give every proxy its own")
            : proxies;
    }

    /// <summary><c>HostOwnership</c> and <c>Hosts</c>: whose a host is, and <c>namespace=host</c> of each host that is not up to age.</summary>
    private static HostOwnership OwnershipOf(IConfigurationSection section)
    {
        HostListing[] hosts = [.. List(section, "Hosts").Select(text => Parse(section, "Hosts", text, Listing))];
        return section["HostOwnership"] switch
        {
            null or "" or "namespace" => HostOwnership.ByNamespace(hosts),
            "shared" when hosts.Length == 0 => HostOwnership.Shared,
            "shared" => throw new SettingException(
                $"{section.Path}:Hosts", section["Hosts"], "where HostOwnership is shared hosts belong to nobody; unset one of the two"),
            var other => throw new SettingException($"{section.Path}:HostOwnership", other, "expected namespace or shared"),
        };
    }

    private static RetentionPolicy RetentionOf(IConfigurationSection section)
    {
        var policy = new RetentionPolicy();
        return new(
            section["KeepVersions"] is { Length: > 0 } versions
                ? Parse(section, "KeepVersions", versions, text => Number(text, 1, 1_000_000, "how many of the newest versions stay"))
                : policy.Newest,
            section["KeepDays"] is { Length: > 0 } days
                ? Parse(section, "KeepDays", days, text => Number(text, 0, 3650, "for how many days the last version of each day stays"))
                : policy.Days);
    }

    private static int Number(string text, int least, int most, string what) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
            ? number
            : throw new FormatException($"expected {what}, from {least} to {most}");

    private static HostListing Listing(string text)
    {
        if (text.Split('=', StringSplitOptions.TrimEntries) is not [var ns, { Length: > 0 } host] || !KubernetesName.IsLabel(ns))
            throw new FormatException(
                $"expected namespace=host, separated by commas, and {KubernetesName.Show(text)} is not; a host may be *.example.com, for all "
                + "names below it, or *, for claims on every host");
        if (host == HostKey.AnyHost)
            return new(ns, host);
        return RouteHost.TryNormalize(host, out var normal, out var wrong)
            ? new(ns, normal)
            : throw new FormatException($"{KubernetesName.Show(host)} {wrong}");
    }

    private static EdgeOptions? EdgeOf(IConfigurationSection section)
    {
        var sources = Networks(section, "EdgeSources").ToValueList();
        var shape = section["EdgeShape"] switch
        {
            null or "" => (EdgeShape?)null,
            "loadBalancer" => EdgeShape.LoadBalancer,
            "haproxy" => EdgeShape.Proxies,
            "privateLink" => EdgeShape.PrivateLink,
            var other => throw new SettingException($"{section.Path}:EdgeShape", other, "expected loadBalancer, haproxy or privateLink"),
        };
        if (shape is null or EdgeShape.LoadBalancer && ForEdgeProxies.FirstOrDefault(name => section[name] is { Length: > 0 }) is { } needless)
            throw new SettingException($"{section.Path}:{needless}", section[needless], "this is for edge proxies, so EdgeShape must be haproxy or privateLink");
        return shape is { } known ? new(known, sources) : null;
    }

    private static AddressOptions AddressesOf(IConfigurationSection section, ClusterAccess access)
    {
        return new()
        {
            PodNetworks = List(section, "PodNetworks").Select(text => Parse(section, "PodNetworks", text, IPNetwork.Parse)).ToValueList(),
            HostNetworkNamespaces = Parse(section, "HostNetworkNamespaces", section["HostNetworkNamespaces"] ?? "", NamespaceList.Parse),
            ManagedSlicesOnly = Parse(section, "ManagedSlicesOnly", section["ManagedSlicesOnly"] ?? "", NamespaceList.Parse),
            Proxies = ReadingOf(section, access).Proxies,
            Own =
            [
                .. Hosts("Proxies").SelectMany(host => Own(host, AddressOwner.IngressProxy)),
                .. Hosts("Edges").SelectMany(host => Own(host, AddressOwner.Edge)),
                .. List(section, "Addresses").SelectMany(text => Own(text, AddressOwner.Edge)),
                .. Own(access.ApiServer?.IdnHost, AddressOwner.ApiServer),
            ],
        };

        IEnumerable<string> Hosts(string name) => List(section, name).Select(text => Parse(section, name, text, ProxyAddress.Parse).Host);

        static IEnumerable<OwnedAddress> Own(string? host, AddressOwner owner) =>
            IPAddress.TryParse(host, out var address) ? [new(address, owner)] : [];
    }

    private static ResourceIdentifier ScaleSet(string text) =>
        ResourceIdentifier.TryParse(text, out var id) && id is not null
        && string.Equals(id.ResourceType, ResourceManager.EdgeScaleSet.Type, StringComparison.OrdinalIgnoreCase)
            ? id
            : throw new FormatException(
                "expected the resource id of a scale set, "
                + $"/subscriptions/…/resourceGroups/…/providers/{ResourceManager.EdgeScaleSet.Type}/NAME");

    private static Uri Https(string text) => Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback)
        ? url
        : throw new FormatException("expected an https URL");

    private static ResourceKey ProxyServiceOf(IConfigurationSection section)
    {
        if (section["ProxyService"] is { Length: > 0 } text)
        {
            var (ns, name) = Parse(section, "ProxyService", text, Reference);
            return new(ResourceKind.Service, ns, name);
        }

        var usual = new RoutingOptions().ProxyService;
        return section["ProxyNamespace"] is { Length: > 0 } other ? usual with { Namespace = other } : usual;
    }

    private static IEnumerable<string> Networks(IConfigurationSection section, string name) =>
        List(section, name).Select(text => Parse(section, name, text, IPNetwork.Parse).ToString());

    private static ClusterReading ReadingOf(IConfigurationSection section, ClusterAccess access)
    {
        var selector = section["ProxySelector"] is { Length: > 0 } text ? Parse(section, "ProxySelector", text, ProxyPods.ParseSelector) : ProxyPods.Default.Labels;
        var ns = section["ProxyNamespace"];
        return new()
        {
            Secrets = SecretsOf(section),
            Nodes = Flag(section, "ReadNodes", unset: true),
            ConfigMap = section["ConfigMap"] is { Length: > 0 } one && Parse(section, "ConfigMap", one, Reference) is var reference ? (reference.Namespace, reference.Name) : null,

            // Proxies that are named are all there are, unless a namespace is named too.
            Proxies = ns is { Length: > 0 } || (section["Proxies"] is null or "" && access != ClusterAccess.None) ? new(ns is { Length: > 0 } ? ns : ProxyPods.Default.Namespace, selector) : null,
        };
    }

    private static SecretScope SecretsOf(IConfigurationSection section) =>
        section["ReadSecrets"] is { Length: > 0 } text ? Parse(section, "ReadSecrets", text, SecretScope.Parse) : SecretScope.Everywhere;

    private static CertificateReference Readable(IConfigurationSection section, CertificateReference reference) => SecretsOf(section).Includes(reference.Namespace)
        ? reference
        : throw new FormatException($"Secrets of namespace {reference.Namespace} are not read: add it to ReadSecrets, and give the right with infra/kubernetes/namespaces");

    private static bool Flag(IConfigurationSection section, string name, bool unset) =>
        section[name] is { Length: > 0 } text ? Parse(section, name, text, bool.Parse) : unset;

    private static int Percent(string text) => int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var percent) && percent <= 100
        ? percent
        : throw new FormatException("expected a percentage from 0 to 100");

    private static int Connections(string text) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var limit)
            ? limit
            : throw new FormatException("expected how many requests a proxy may have under way at a pod, or 0 for no limit");

    private static string[] List(IConfigurationSection section, string name) =>
        (section[name] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static CertificateReference Reference(string text) => text.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name]
        ? new(ns, name)
        : throw new FormatException("expected namespace/name");

    /// <summary>As the API server takes it: an address in its usual form, or a DNS name, which does not end in a number as an address does.</summary>
    private static LoadBalancerAddress Address(string text)
    {
        if (IPAddress.TryParse(text, out var address) && text.IndexOfAny(['%', '[']) < 0 && (text.Contains(':') || address.ToString() == text))
            return new(address.ToString(), null);
        var name = text.ToLowerInvariant();
        return KubernetesName.IsHost(name) && !name[(name.LastIndexOf('.') + 1)..].All(char.IsAsciiDigit)
            ? new(null, name)
            : throw new FormatException($"{KubernetesName.Show(text)} is neither an IP address nor a DNS name");
    }

    private static T Parse<T>(IConfigurationSection section, string name, string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException e)
        {
            throw new SettingException($"{section.Path}:{name}", text, e.Message);
        }
    }
}

/// <summary>A setting cannot be used.</summary>
/// <param name="path">The setting, with colons.</param>
/// <param name="value">What it is set to.</param>
/// <param name="expected">What is expected instead.</param>
public sealed class SettingException(string path, string? value, string expected)
    : Exception($"Setting {path.Replace(":", "__", StringComparison.Ordinal)} is '{value}': {expected}");
