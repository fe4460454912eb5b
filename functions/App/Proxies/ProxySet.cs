using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Proxies;

/// <summary>
/// The proxies of one cluster: those that the settings name, those that are found by their Pods, for as long as the Pod is there, and those of the edge's
/// scale set. Only the reconciler's loop changes it.
/// </summary>
/// <param name="settled">Those that the settings name.</param>
/// <param name="pods">Which Pods are proxies; null for none.</param>
/// <param name="open">Makes the worker of a proxy; it calls the action when the proxy wants a push.</param>
public sealed class ProxySet(ImmutableArray<ProxyAddress> settled, ProxyPods? pods, Func<ProxyAddress, Action, ProxyWorker> open) : IAsyncDisposable
{
    private readonly Dictionary<string, (ProxyAddress Address, ProxyWorker Worker)> found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ProxyAddress Address, ProxyWorker Worker)> edges = new(StringComparer.Ordinal);
    private ImmutableArray<ProxyWorker> always = [];
    private ImmutableArray<ProxyWorker> workers = [];
    private Action wake = () => { };
    private Task leaving = Task.CompletedTask;

    /// <summary>One for each proxy, by name.</summary>
    public ImmutableArray<ProxyWorker> Workers => ImmutableInterlocked.InterlockedCompareExchange(ref workers, default, default);

    /// <summary>Begins with the proxies that are settled.</summary>
    /// <param name="wake">Called when a proxy wants a push.</param>
    public void Start(Action wake)
    {
        this.wake = wake;
        always = [.. settled.Select(address => open(address, wake))];
        Publish();
    }

    /// <summary>Takes the Pods of a whole cluster state.</summary>
    /// <returns>Proxies that are no more.</returns>
    public ImmutableArray<string> Load(ClusterState state)
    {
        var keys = state.Resources.Keys.Where(key => key.Kind == ResourceKind.Pod).ToHashSet();
        return Look(state, keys.Concat(found.Keys.Select(KeyOf)).Distinct());
    }

    /// <summary>Looks at the Pods that changed.</summary>
    /// <param name="state">The cluster after the changes.</param>
    /// <param name="changes">The changes.</param>
    /// <returns>Proxies that are no more.</returns>
    public ImmutableArray<string> Follow(ClusterState state, IEnumerable<ResourceChange> changes) =>
        Look(state, changes.Select(change => change.Key).Where(key => key.Kind == ResourceKind.Pod));

    /// <summary>Takes the edge proxies that there are now.</summary>
    /// <returns>Proxies that are no more.</returns>
    public ImmutableArray<string> Take(ImmutableArray<ProxyAddress> now)
    {
        var left = edges.Values.Where(known => !now.Contains(known.Address)).ToArray();
        var added = now.Where(one => !edges.TryGetValue(one.Name, out var known) || known.Address != one).ToArray();
        foreach (var (address, worker) in left)
        {
            edges.Remove(address.Name);
            leaving = Task.WhenAll(leaving, worker.DisposeAsync().AsTask());
        }

        foreach (var one in added)
            edges[one.Name] = (one, open(one, wake));
        if (left.Length + added.Length > 0)
            Publish();
        return [.. left.Select(one => one.Address.Name).Where(name => !edges.ContainsKey(name))];
    }

    /// <summary>Completes when no push is under way. Never fails.</summary>
    public Task IdleAsync() => Task.WhenAll(Workers.Select(worker => worker.Current).Append(leaving));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in Workers)
            await worker.DisposeAsync();
        await leaving;
    }

    private ImmutableArray<string> Look(ClusterState state, IEnumerable<ResourceKey> keys)
    {
        if (pods is null)
            return [];
        var gone = ImmutableArray.CreateBuilder<string>();
        var changed = false;
        foreach (var key in keys.Where(key => key.Namespace == pods.Namespace))
        {
            var now = state.Find<Pod>(key) is { } pod && pods.Find(pod) is { } place ? new ProxyAddress(place.Name, place.Host, place.Port) : null;
            if (found.TryGetValue(key.Name, out var known) ? known.Address == now : now is null)
                continue;
            changed = true;
            if (found.Remove(key.Name))
                leaving = Task.WhenAll(leaving, known.Worker.DisposeAsync().AsTask());
            if (now is null)
                gone.Add(key.Name);
            else
                found[key.Name] = (now, open(now, wake));
        }

        if (changed)
            Publish();
        return gone.DrainToImmutable();
    }

    private ResourceKey KeyOf(string name) => new(ResourceKind.Pod, pods!.Namespace, name);

    private void Publish() => ImmutableInterlocked.InterlockedExchange(
        ref workers, [.. always.Concat(found.Values.Concat(edges.Values).Select(one => one.Worker)).OrderBy(worker => worker.Name, StringComparer.Ordinal)]);
}
