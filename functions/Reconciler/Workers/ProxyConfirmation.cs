using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes;
using IngressReconciler.Proxies;
using IngressReconciler.ResourceManager;

namespace IngressReconciler.Workers;

/// <summary>The three ways to a <see cref="ConfirmedProxy"/>. Each asks its source for itself.</summary>
public static class ProxyConfirmation
{
    /// <summary>One that a setting names.</summary>
    /// <param name="text"><c>name=host:port</c>, as <see cref="ProxyAddress.Parse"/> reads it.</param>
    /// <param name="role">What it is for.</param>
    /// <exception cref="FormatException">The text has another form.</exception>
    public static ConfirmedProxy OfSetting(string text, ProxyRole role = ProxyRole.Ingress) =>
        new ConfirmedProxy(ProxyAddress.Parse(text) with { Role = role });

    /// <summary>The machines of the edge, as Azure Resource Manager lists them now.</summary>
    /// <exception cref="EdgeUnknownException">The list cannot be read.</exception>
    public static async Task<ImmutableArray<ConfirmedProxy>> ListAsync(EdgeScaleSet set, CancellationToken cancel) =>
        [.. (await set.ListAsync(cancel)).Select(machine => new ConfirmedProxy(machine))];

    /// <summary>The ingress proxy of a Pod, as the API server has it now.</summary>
    /// <param name="reader">Reads the API server.</param>
    /// <param name="pods">Which Pods are proxies.</param>
    /// <param name="name">The Pod's name.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<PodReading> ReadAsync(IClusterReader reader, ProxyPods pods, string name, CancellationToken cancel)
    {
        var key = new ResourceKey(ResourceKind.Pod, pods.Namespace, name);
        var pod = await reader.ReadAsync(key, cancel) is Pod read && read.Key == key ? read : null;
        return new(pod, pod is not null && pods.Find(pod) is { } place
            ? new ConfirmedProxy(new ProxyAddress(place.Name, place.Host, place.Port))
            : null);
    }
}

/// <summary>What the API server says of a Pod.</summary>
/// <param name="Pod">The Pod; null when there is none.</param>
/// <param name="Proxy">The proxy that it is; null when it is none, or has no address.</param>
public sealed record PodReading(Pod? Pod, ConfirmedProxy? Proxy);
