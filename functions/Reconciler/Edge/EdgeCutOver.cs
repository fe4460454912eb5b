using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Storage;

namespace IngressReconciler.Edge;

/// <summary>
/// Takes the phases of a <see cref="CutOver"/>, one a call. A phase is taken when every proxy was read back and runs the one before, and probes through every
/// edge proxy to every node show that it works; what is wanted then goes into the journal, as any change does. So nothing is kept here: whoever calls next,
/// on whichever instance, goes on from what is.
/// </summary>
/// <param name="id">The cluster's id.</param>
/// <param name="reconciler">The cluster's.</param>
/// <param name="ports">Where edge proxies take probes.</param>
/// <param name="time">The clock.</param>
public sealed class EdgeCutOver(string id, Reconciler reconciler, ProbePorts ports, TimeProvider time) : IDisposable
{
    /// <summary>
    /// How long after the edge has changed its way a connection may still be made on the old one: as long as it tries to connect, by
    /// <c>timeout connect</c> and <c>retries</c> of infra/haproxy/edge.cfg, and a second for a proxy to take what is in its queue.
    /// </summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For proxies of which no trouble is known: a function that has just started reads each back whole, on a machine that may be busy.
    /// </summary>
    private static readonly TimeSpan MorePatience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim turn = new(1);

    /// <summary>How far it is, and what is left to a goal; proxies are not asked.</summary>
    /// <param name="to">The goal; null for where it is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageUnavailableException">What is wanted cannot be read: ask again.</exception>
    public async Task<CutOverReport> LookAsync(SendProxy? to, CancellationToken cancel)
    {
        // An instance that has just started knows neither machines nor state.
        var unlisted = await reconciler.ListEdgeAsync(cancel);
        await reconciler.AcceptAsync([]);
        return Look(reconciler.Wanted, to, unlisted);
    }

    /// <summary>Verifies where it is and takes the next phase; with none left it only verifies.</summary>
    /// <exception cref="StorageUnavailableException">The phase could not be journalled: ask again.</exception>
    public async Task<CutOverReport> AdvanceAsync(SendProxy to, CancellationToken cancel)
    {
        await turn.WaitAsync(cancel);
        try
        {
            var unlisted = await reconciler.ListEdgeAsync(cancel);
            await reconciler.AcceptAsync([]);
            var seen = reconciler.Wanted;
            var look = Look(seen, to, unlisted);
            if (look.Obstacles.Length > 0)
                return look;
            if (await RunningAsync() is { Length: > 0 } behind)
                return look with { Obstacles = behind };
            if (look.Left is [{ Settles: true }, ..])
                await Task.Delay(Settling, time, cancel);
            var probes = await EdgeProbe.RunAsync(reconciler.Workers, reconciler.Wanted, ports, time, cancel);
            look = look with { Probes = probes, Obstacles = [.. probes.Where(probe => probe.Trouble is not null).Select(Say)] };
            if (look.Obstacles.Length > 0 || look.Left is not [var phase, ..])
                return look;
            return await TakeAsync(look, seen, phase, to);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => turn.Dispose();

    private static string Say(ProbeResult probe) => probe.Edge.Length == 0 ? probe.Trouble! : $"through {probe.Edge}, {probe.Table}: {probe.Trouble}";

    private CutOverReport Look(DesiredState seen, SendProxy? to, string? unlisted)
    {
        var now = EdgeTranslation.Asked(seen.Cluster);
        var goal = to ?? now.Send;
        return new(id, now, null, [.. CutOver.Phases(now, goal)], [.. unlisted is null ? [] : new[] { unlisted }, .. Obstacles(seen, goal)], []);
    }

    /// <summary>A phase follows from what was seen, so it names the version after that: if anybody has written another since, the journal has that one and not ours.</summary>
    private async Task<CutOverReport> TakeAsync(CutOverReport look, DesiredState seen, CutOverPhase phase, SendProxy to)
    {
        var known = seen.Cluster.Find<ProxyProtocol>(ProxyProtocol.EdgeKey)
            ?? new() { Metadata = new() { Name = ProxyProtocol.EdgeKey.Name, ResourceVersion = "0" } };
        var version = ResourceVersion.After(known.Metadata.ResourceVersion);
        var next = known with { Metadata = known.Metadata with { ResourceVersion = version }, Spec = phase.Spec };
        await reconciler.AcceptAsync([new Applied(next)]);
        var now = EdgeTranslation.Asked(reconciler.Wanted.Cluster);
        var report = look with { Now = now, Left = [.. CutOver.Phases(now, to)] };
        if (now != phase.Spec)
            return report with { Obstacles = ["somebody else has changed what is wanted of PROXY protocol at the same time; look at 'proxy-protocol status' and ask again"] };
        return report with { Taken = phase, Obstacles = await RunningAsync() };
    }

    /// <summary>Waits until every proxy was read back and runs what is wanted; names those that do not.</summary>
    private async Task<string[]> RunningAsync()
    {
        var position = reconciler.Position;
        var workers = reconciler.Workers;
        var running = Task.WhenAll(workers.Select(worker => worker.RunsAsync(position)));
        await Task.WhenAny(running, Task.Delay(Patience, time));
        if (workers.All(worker => worker.Runs(position) || worker.Report.Trouble is null))
            await Task.WhenAny(running, Task.Delay(MorePatience, time));
        return [.. workers.Where(worker => !worker.Runs(position)).Select(worker =>
            $"proxy {worker.Name} does not run what is wanted: it {worker.Report.Trouble ?? "is still being pushed to"}. It must before anything else is changed")];
    }

    private IEnumerable<string> Obstacles(DesiredState seen, SendProxy goal)
    {
        if (seen.Options.Edge is not { HasProxies: true })
            yield return "this cluster has no edge proxies that could send PROXY headers: set EdgeShape to haproxy or privateLink, with EdgeSources and Edges or EdgeScaleSet";
        else if (!reconciler.Workers.Any(worker => worker.Role == ProxyRole.Edge))
            yield return "no edge proxy is known: set Edges or EdgeScaleSet, or wait until a machine of the scale set has an address";
        if (!reconciler.Workers.Any(worker => worker.Role == ProxyRole.Ingress))
            yield return "no ingress proxy is known: set Proxies or ProxyNamespace, or wait until its Pod has an address";
        if (seen.Options.Edge is { HasProxies: true, Sources.Count: 0 })
            yield return "nobody knows where the edge connects from: set EdgeSources to its subnet";
        foreach (var finding in seen.Translation.EdgeFindings.Where(finding => finding.Severity == Severity.Error && Hinders(finding)))
            yield return $"{finding.Object}: {finding.Message}";

        // A foreign controller's mistake is its own, and what makes headers dangerous is no reason to go on believing them.
        bool Hinders(Finding finding) => finding.Object != seen.Options.ConfigMap && (goal != SendProxy.None || finding.Reason != "SourceIsRewritten");
    }
}
