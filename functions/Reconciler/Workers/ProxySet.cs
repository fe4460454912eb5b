using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Proxies;

namespace IngressReconciler.Workers;

/// <summary>
/// The proxies of one cluster: those that the settings name, those that are found by their Pods, for as long as the API server has the
/// Pod, and those of the edge's scale set. Only the reconciler's loop changes it.
/// </summary>
/// <param name="settled">Those that the settings name.</param>
/// <param name="pods">Confirms which Pods are proxies; null for none. Disposed of here.</param>
/// <param name="open">Makes the worker of a proxy; it calls the action when the proxy wants a push.</param>
public sealed class ProxySet(
    ImmutableArray<ConfirmedProxy> settled, PodConfirmation? pods, Func<ConfirmedProxy, Action, ProxyWorker> open) : IAsyncDisposable
{
    private readonly Dictionary<string, (ConfirmedProxy Proxy, ProxyWorker Worker)> found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ConfirmedProxy Proxy, ProxyWorker Worker)> edges = new(StringComparer.Ordinal);
    private ImmutableArray<ProxyWorker> always = [];
    private ImmutableArray<ProxyWorker> workers = [];
    private Action wake = () => { };
    private Task leaving = Task.CompletedTask;

    /// <summary>One for each proxy, by name.</summary>
    public ImmutableArray<ProxyWorker> Workers => ImmutableInterlocked.InterlockedCompareExchange(ref workers, default, default);

    /// <summary>
    /// Pods that nothing is sent to before the API server confirms their address, each with why it has not, as far as that is known.
    /// </summary>
    public ImmutableArray<(string Name, string? Trouble)> Waiting => pods?.Waiting ?? [];

    /// <summary>Begins with the proxies that are settled.</summary>
    /// <param name="wake">Called when a proxy wants a push, and when a Pod was read.</param>
    public void Start(Action wake)
    {
        this.wake = wake;
        always = [.. settled.Select(proxy => open(proxy, wake))];
        Publish();
    }

    /// <summary>Has all Pods of a cluster state confirmed that are elsewhere than was confirmed last.</summary>
    public void Load(ClusterState state)
    {
        var keys = state.Resources.Keys.Where(key => key.Kind == ResourceKind.Pod).ToHashSet();
        Look(state, keys.Concat(found.Keys.Select(KeyOf)).Distinct());
    }

    /// <summary>The same for the Pods that changed.</summary>
    /// <param name="state">The cluster after the changes.</param>
    /// <param name="changes">The changes.</param>
    public void Follow(ClusterState state, IEnumerable<ResourceChange> changes) =>
        Look(state, changes.Select(change => change.Key).Where(key => key.Kind == ResourceKind.Pod).Distinct());

    /// <summary>Completes when no Pod waits to be confirmed. Never fails.</summary>
    public Task ConfirmedAsync() => pods?.IdleAsync() ?? Task.CompletedTask;

    /// <summary>Takes what the API server has said of Pods since the last call; null when it has said nothing.</summary>
    /// <param name="state">The cluster as it is known.</param>
    public ConfirmedPods? TakeConfirmed(ClusterState state)
    {
        var gone = ImmutableArray.CreateBuilder<string>();
        var disputes = ImmutableArray.CreateBuilder<DisputedPod>();
        var any = false;
        while (pods is not null && pods.TryTake(out var answer))
        {
            any = true;
            var (claim, reading) = answer;
            Take(claim.Name, reading.Proxy, gone);

            // What is known now may be another claim; that one is asked for by itself.
            if (state.VersionOf(KeyOf(claim.Name)) == claim.Version && DisputedPod.Of(KeyOf(claim.Name), claim, reading) is { } dispute)
                disputes.Add(dispute);
        }

        if (!any)
            return null;
        Publish();
        return new(gone.DrainToImmutable(), disputes.DrainToImmutable());
    }

    /// <summary>Takes the edge proxies that there are now.</summary>
    /// <returns>Proxies that are no more.</returns>
    public ImmutableArray<string> Take(ImmutableArray<ConfirmedProxy> now)
    {
        var left = edges.Values.Where(known => !now.Contains(known.Proxy)).ToArray();
        var added = now.Where(one => !edges.TryGetValue(one.Name, out var known) || known.Proxy != one).ToArray();
        foreach (var (proxy, worker) in left)
        {
            edges.Remove(proxy.Name);
            leaving = Task.WhenAll(leaving, worker.DisposeAsync().AsTask());
        }

        foreach (var one in added)
            edges[one.Name] = (one, open(one, wake));
        if (left.Length + added.Length > 0)
            Publish();
        return [.. left.Select(one => one.Proxy.Name).Where(name => !edges.ContainsKey(name))];
    }

    /// <summary>Completes when no push is under way. Never fails.</summary>
    public Task IdleAsync() => Task.WhenAll(Workers.Select(worker => worker.Current).Append(leaving));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (pods is not null)
            await pods.DisposeAsync();
        foreach (var worker in Workers)
            await worker.DisposeAsync();
        await leaving;
    }

    /// <summary>
    /// Has each Pod read of which the journal says anything else than the API server did. Until it has answered, a known proxy is what it
    /// was: nobody takes one away, or moves it, by an event.
    /// </summary>
    private void Look(ClusterState state, IEnumerable<ResourceKey> keys)
    {
        if (pods is null)
            return;
        foreach (var key in keys.Where(key => key.Namespace == pods.Pods.Namespace))
        {
            var place = state.Find<Pod>(key) is { } pod ? pods.Pods.Find(pod) : null;
            var confirmed = found.TryGetValue(key.Name, out var known)
                ? new ProxyPod(known.Proxy.Name, known.Proxy.Host, known.Proxy.AdminPort)
                : null;
            if (place != confirmed)
                pods.Ask(new(key.Name, place, state.VersionOf(key)), wake);
        }
    }

    private void Take(string name, ConfirmedProxy? now, ImmutableArray<string>.Builder gone)
    {
        var had = found.TryGetValue(name, out var known);
        if (had && known.Proxy == now)
            return;
        if (found.Remove(name))
            leaving = Task.WhenAll(leaving, known.Worker.DisposeAsync().AsTask());
        if (now is not null)
            found[name] = (now, open(now, wake));
        else if (had)
            gone.Add(name);
    }

    private ResourceKey KeyOf(string name) => new(ResourceKind.Pod, pods!.Pods.Namespace, name);

    private void Publish() => ImmutableInterlocked.InterlockedExchange(
        ref workers, [.. always.Concat(found.Values.Concat(edges.Values).Select(one => one.Worker)).OrderBy(worker => worker.Name, StringComparer.Ordinal)]);
}

/// <summary>What the API server has said of Pods.</summary>
/// <param name="Gone">Proxies that are no more.</param>
/// <param name="Disputes">Pods of which the journal says something else.</param>
public sealed record ConfirmedPods(ImmutableArray<string> Gone, ImmutableArray<DisputedPod> Disputes);
