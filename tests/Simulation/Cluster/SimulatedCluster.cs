using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Simulation.Cluster;

/// <summary>The objects of a cluster as its API server has them, each write with the next resource version.</summary>
public sealed class SimulatedCluster
{
    private readonly List<(long Version, ImmutableSortedDictionary<ResourceKey, Resource> Objects)> backups = [];
    private int uids = 1;

    /// <summary>Called with each change, as a watch tells it.</summary>
    public Action<ResourceChange>? Changed { get; set; }

    /// <summary>By address: the EndpointSlice that it was in last, and the version in which it is not there any more.</summary>
    public Dictionary<string, (ResourceKey Slice, long Version)> Gone { get; } = new(StringComparer.Ordinal);

    /// <summary>Every object.</summary>
    public ImmutableSortedDictionary<ResourceKey, Resource> Objects { get; private set; } =
        ImmutableSortedDictionary.Create<ResourceKey, Resource>(ResourceKey.Order);

    /// <summary>The version of the last write.</summary>
    public long Version { get; private set; } = 100;

    /// <summary>All of it, as a reconciler that knows everything would have it.</summary>
    public ClusterState State => ClusterState.Empty.Apply(Objects.Values.Select(one => new Applied(one)), DateTimeOffset.UnixEpoch).State;

    /// <summary>The object of a key; null for none.</summary>
    public T? Find<T>(ResourceKey key)
        where T : Resource => Objects.GetValueOrDefault(key) as T;

    /// <summary>Creates or changes an object.</summary>
    public void Apply(Resource one)
    {
        Version++;
        var before = Objects.GetValueOrDefault(one.Key);
        var metadata = one.Metadata with
        {
            Uid = before?.Metadata.Uid ?? string.Create(CultureInfo.InvariantCulture, $"u{++uids}"),
            ResourceVersion = Version.ToString(CultureInfo.InvariantCulture),
        };
        one = one with { Metadata = metadata };
        foreach (var address in Addresses(before).Except(Addresses(one)))
            Gone[address] = (one.Key, Version);
        Objects = Objects.SetItem(one.Key, one);
        Changed?.Invoke(new Applied(one));
    }

    /// <summary>Deletes an object.</summary>
    public void Delete(ResourceKey key)
    {
        if (!Objects.ContainsKey(key))
            return;
        Version++;
        Objects = Objects.Remove(key);
        Changed?.Invoke(new Deleted(key, Version.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>The addresses in an EndpointSlice; none for anything else.</summary>
    public static IEnumerable<string> Addresses(Resource? one) =>
        ((one as EndpointSlice)?.Endpoints ?? []).SelectMany(endpoint => endpoint.Addresses ?? []).OfType<string>();

    /// <summary>Keeps what there is now, for <see cref="Restore"/>.</summary>
    public void BackUp() => backups.Add((Version, Objects));

    /// <summary>Puts etcd back to the last backup: no watch tells of that, and versions that were given are given again.</summary>
    /// <returns>False when there is no backup.</returns>
    public bool Restore()
    {
        if (backups.Count == 0)
            return false;
        (Version, Objects) = backups[^1];
        return true;
    }

    /// <summary>Another cluster takes this one's place.</summary>
    /// <param name="version">The version that it begins at.</param>
    public void MakeAnew(long version)
    {
        backups.Clear();
        (Version, Objects) = (version, Objects.Clear());
        Apply(new Service { Metadata = new() { Name = "kubernetes", Namespace = "default", ResourceVersion = "" } });
    }
}
