using System.Collections.Immutable;
using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.Settings;

/// <summary>What an operator sets for one cluster: <c>IngressReconciler__Clusters__ID__NAME</c> as an environment variable.</summary>
/// <param name="Id">The cluster's id, a DNS label.</param>
/// <param name="Proxies"><c>Proxies</c>: its ingress proxies, <c>name=host:port</c> separated by commas.</param>
/// <param name="Manifests"><c>Manifests</c>: a folder of manifests that stands for the cluster; null when there is an API server.</param>
/// <param name="Access">How its API server is reached.</param>
/// <param name="Reading">What of it is read.</param>
/// <param name="Routing">How it is routed.</param>
public sealed record ClusterSettings(
    string Id, ImmutableArray<ProxyAddress> Proxies, string? Manifests, ClusterAccess Access, ClusterReading Reading, RoutingOptions Routing)
{
    private static readonly ImmutableHashSet<string> Known =
    [
        "Proxies", "Manifests", "TrustedSources", "Controllers", "ClassNames", "DefaultCertificate", "AllowLoopbackEndpoints",
        "Kubeconfig", "Context", "ApiServer", "ApiServerAuthority", "ApiServerIdentity",
        "ProxyNamespace", "ProxySelector", "ReadSecrets", "ReadNodes", "ConfigMap", "HoldBackAbove", "Addresses",
    ];

    /// <summary><c>Addresses</c>: of the edge, as clients reach it; Ingresses that are served say so in their status. None means that no status is written.</summary>
    public ValueList<LoadBalancerAddress> Addresses { get; init; } = [];

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
            [.. List(section, "Proxies").Select(text => Parse(section, "Proxies", text, ProxyAddress.Parse))],
            section["Manifests"] is { Length: > 0 } folder ? folder : null,
            access,
            ReadingOf(section, access),
            routing with
            {
                Brake = section["HoldBackAbove"] is { Length: > 0 } percent ? new(Parse(section, "HoldBackAbove", percent, Percent) / 100.0) : routing.Brake,
                Controllers = [.. routing.Controllers, .. List(section, "Controllers")],
                ClassNames = [.. List(section, "ClassNames")],
                AllowLoopbackEndpoints = Flag(section, "AllowLoopbackEndpoints", unset: false),
                Settings = routing.Settings with
                {
                    ProxyProtocol = new()
                    {
                        Sources = List(section, "TrustedSources").Select(text => new ProxySource(Parse(section, "TrustedSources", text, IPNetwork.Parse).ToString(), Required: true)).ToValueList(),
                    },
                    DefaultCertificate = section["DefaultCertificate"] is { Length: > 0 } reference
                        ? Parse(section, "DefaultCertificate", reference, Reference)
                        : null,
                },
            })
        {
            Addresses = List(section, "Addresses").Select(text => Parse(section, "Addresses", text, Address)).Distinct().ToValueList(),
        };
    }

    private static ClusterReading ReadingOf(IConfigurationSection section, ClusterAccess access)
    {
        var selector = section["ProxySelector"] is { Length: > 0 } text ? Parse(section, "ProxySelector", text, ProxyPods.ParseSelector) : ProxyPods.Default.Labels;
        var ns = section["ProxyNamespace"];
        return new()
        {
            Secrets = Flag(section, "ReadSecrets", unset: true),
            Nodes = Flag(section, "ReadNodes", unset: true),
            ConfigMap = section["ConfigMap"] is { Length: > 0 } one && Parse(section, "ConfigMap", one, Reference) is var reference ? (reference.Namespace, reference.Name) : null,

            // Proxies that are named are all there are, unless a namespace is named too.
            Proxies = ns is { Length: > 0 } || (section["Proxies"] is null or "" && access != ClusterAccess.None) ? new(ns is { Length: > 0 } ? ns : ProxyPods.Default.Namespace, selector) : null,
        };
    }

    private static bool Flag(IConfigurationSection section, string name, bool unset) =>
        section[name] is { Length: > 0 } text ? Parse(section, name, text, bool.Parse) : unset;

    private static int Percent(string text) => int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var percent) && percent <= 100
        ? percent
        : throw new FormatException("expected a percentage from 0 to 100");

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
        return KubernetesName.IsSubdomain(name) && !name[(name.LastIndexOf('.') + 1)..].All(char.IsAsciiDigit)
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
