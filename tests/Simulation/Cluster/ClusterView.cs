using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation.Cluster;

/// <summary>How the cluster's API server behaves now. Probabilities are of each call.</summary>
public sealed class ApiServerFaults
{
    /// <summary>Nothing can be read.</summary>
    public double Away { get; set; }

    /// <summary>One kind cannot be listed.</summary>
    public double Partial { get; set; }

    /// <summary>All is well.</summary>
    public void Heal() => (Away, Partial) = (0, 0);
}

/// <summary>One instance's way to the cluster's API server.</summary>
/// <param name="world">The world.</param>
/// <param name="life">The instance's.</param>
/// <param name="instance">Its name.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="faults">How it behaves.</param>
public sealed class ClusterView(World world, InstanceLife life, string instance, SimulatedCluster cluster, ApiServerFaults faults)
    : IClusterReader
{
    /// <inheritdoc/>
    public ImmutableArray<ResourceKind> Kinds { get; } =
        [ResourceKind.IngressClass, ResourceKind.Ingress, ResourceKind.Service, ResourceKind.EndpointSlice];

    /// <inheritdoc/>
    public Task<ClusterListing> ListAsync(CancellationToken cancel) => AskAsync(
        () =>
        {
            var missing = world.Chance(faults.Partial) ? world.Pick(Kinds) : (ResourceKind?)null;
            var version = cluster.Version.ToString(CultureInfo.InvariantCulture);
            world.Note($"{instance} lists the cluster at {version}{(missing is null ? "" : $" without {missing}")}");
            return new ClusterListing(
                new(
                    [.. cluster.Objects.Values.Where(one => one.Kind != missing)],
                    Kinds.Where(kind => kind != missing).ToImmutableDictionary(kind => kind, _ => version)),
                [],
                missing is null ? [] : [$"{missing}: forbidden"]);
        },
        cancel);

    /// <inheritdoc/>
    public Task<Resource?> ReadAsync(ResourceKey key, CancellationToken cancel) =>
        AskAsync(() => cluster.Objects.GetValueOrDefault(key), cancel);

    /// <inheritdoc/>
    public Task<TlsKeyPair?> ReadKeyPairAsync(string scope, string name, CancellationToken cancel) =>
        AskAsync<TlsKeyPair?>(() => null, cancel);

    private async Task<T> AskAsync<T>(Func<T> answer, CancellationToken cancel)
    {
        var answered = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancel.UnsafeRegister(_ => answered.TrySetCanceled(cancel), null);
        world.After(world.Between(1, 50), () =>
        {
            if (world.Chance(faults.Away))
            {
                var away = new IOException("the API server is away");
                life.After(world.Between(1, 2000), isTimer: false, () => answered.TrySetException(away));
                return;
            }

            var given = answer();
            life.After(world.Between(1, 50), isTimer: false, () => answered.TrySetResult(given));
        });
        return await answered.Task;
    }
}
