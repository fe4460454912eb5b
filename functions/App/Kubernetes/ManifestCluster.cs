using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Local;

namespace IngressReconciler.Kubernetes;

/// <summary>Lists a folder of manifests as a cluster's API would be listed.</summary>
public static class ManifestCluster
{
    /// <summary>Everything in the folder that routing reads.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not there: an outage, not an empty cluster.</exception>
    public static async Task<ClusterList> ListClusterAsync(this ManifestFolder folder, TimeProvider time, CancellationToken cancel)
    {
        var resources = ImmutableArray.CreateBuilder<Resource>();
        var newest = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10;
        foreach (var one in await folder.ListAsync(cancel))
        {
            using var json = JsonDocument.Parse(one.ToJsonString());
            if (!ClusterEvent.TryReadObject(json.RootElement, out var resource, out _))
                continue;
            resources.Add(resource);
            newest = Math.Max(newest, long.Parse(resource.Metadata.ResourceVersion, CultureInfo.InvariantCulture));
        }

        return new(resources.DrainToImmutable(), [.. ResourceKinds.All.Select(kind => kind.Kind)], newest.ToString(CultureInfo.InvariantCulture));
    }
}
