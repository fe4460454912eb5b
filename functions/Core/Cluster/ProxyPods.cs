using System.Collections.Immutable;
using System.Net;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>Where the admin port of an ingress proxy is reached.</summary>
/// <param name="Name">Its Pod's name.</param>
/// <param name="Host">An IPv4 or IPv6 address.</param>
/// <param name="Port">TCP port.</param>
public sealed record ProxyPod(string Name, string Host, int Port);

/// <summary>Which Pods are ingress proxies, and where each is reached: at its own address, or at its node's where the admin port has a hostPort.</summary>
/// <param name="Namespace">The namespace that they live in.</param>
/// <param name="Labels">Labels that each of them has.</param>
public sealed record ProxyPods(string Namespace, ImmutableSortedDictionary<string, string> Labels)
{
    /// <summary>The name of the container port that the admin frontend listens on.</summary>
    public const string AdminPort = "admin";

    /// <summary>What the manifests in <c>infra/kubernetes</c> use.</summary>
    public static ProxyPods Default { get; } = new(
        "ingress-reconciler", ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("app.kubernetes.io/name", "ingress-proxy"));

    /// <summary>The labels as a selector of the Kubernetes API, such as <c>a=b,c=d</c>.</summary>
    public string Selector => string.Join(',', Labels.Select(label => $"{label.Key}={label.Value}"));

    /// <summary>Reads a selector of equalities, such as <c>app.kubernetes.io/name=ingress-proxy,tier=public</c>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ImmutableSortedDictionary<string, string> ParseSelector(string selector)
    {
        var labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var term in selector.Split(',', StringSplitOptions.TrimEntries))
        {
            if (term.Split('=') is not [{ Length: > 0 } label, { Length: > 0 } value] || !label.All(IsLabelCharacter) || !value.All(IsLabelCharacter) || !labels.TryAdd(label, value))
                throw new FormatException($"'{term}' is no label=value; expected equalities with commas between, each label once");
        }

        return labels.ToImmutable();
    }

    private static bool IsLabelCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/';

    /// <summary>Whether a Pod is an ingress proxy that has not ended.</summary>
    public bool Has(Pod pod) =>
        pod.Metadata.Namespace == Namespace && pod.Status.Phase is not ("Succeeded" or "Failed")
        && Labels.All(label => pod.Metadata.Labels?.GetValueOrDefault(label.Key) == label.Value);

    /// <summary>
    /// Where the proxy of a Pod is reached; null while it has no address, once it has ended, and for a Pod that is none of ours. A Pod that
    /// terminates is one still: it serves until it has ended.
    /// </summary>
    public ProxyPod? Find(Pod pod)
    {
        if (!Has(pod))
            return null;
        var port = (pod.Spec.Containers ?? []).SelectMany(container => container.Ports ?? []).FirstOrDefault(port => port.Name == AdminPort);
        return port switch
        {
            { HostPort: > 0 and <= 65535 and var hostPort } when IPAddress.TryParse(pod.Status.HostIP, out var node) => new(pod.Metadata.Name, node.ToString(), hostPort),
            { HostPort: null or 0, Port: > 0 and <= 65535 } when IPAddress.TryParse(pod.Status.PodIP, out var address) => new(pod.Metadata.Name, address.ToString(), port.Port),
            _ => null,
        };
    }
}
