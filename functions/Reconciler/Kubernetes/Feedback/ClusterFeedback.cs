using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Reports;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>
/// Tells a cluster's users, in the cluster, what became of what they asked for: the edge's addresses in the status of Ingresses, findings as
/// Events. Whatever becomes of that, routing never waits for it. Only the instance that has the lease tells anything.
/// </summary>
/// <param name="statuses">Writes addresses; null when no address of the edge is known.</param>
/// <param name="events">Writes Events.</param>
public sealed class ClusterFeedback(StatusWriter? statuses, FindingEvents events) : IAsyncDisposable
{
    /// <summary>Feedback through an API server.</summary>
    /// <param name="server">The API server; must outlive the feedback.</param>
    /// <param name="edge">The edge's addresses; none when no status is to be written.</param>
    /// <param name="environment">Reads this environment's id; null where it has none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are told.</param>
    public static ClusterFeedback Through(
        ApiServer server, ValueList<LoadBalancerAddress> edge, Func<CancellationToken, Task<string?>> environment, TimeProvider time,
        ILogger log)
    {
        var writer = new ApiServerWriter(server, time);
        return new(edge.Count == 0 ? null : new(writer, edge, environment, time, log), new(writer, time, log));
    }

    /// <summary>The last failures of each sort since the last resync.</summary>
    public IEnumerable<WriteFailure> Failures => new[] { statuses?.Failure, events.Failure }.OfType<WriteFailure>();

    /// <summary>Takes a state that was made from nothing.</summary>
    public void Load(JournalPosition at) => statuses?.Load(at);

    /// <summary>Notes what a change concerns.</summary>
    public void Follow(IEnumerable<ResourceChange> changes, DesiredDifference difference, JournalPosition end) =>
        statuses?.Follow(changes, difference, end);

    /// <summary>Looks at everything with the next <see cref="Tell"/>, also at what was refused.</summary>
    public void LookAtEverything()
    {
        statuses?.LookAtEverything();
        events.LookAtEverything();
    }

    /// <summary>Begins to tell what may be told by now. Returns at once.</summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="proxies">What was last read back of each proxy.</param>
    /// <param name="findings">Every finding there is.</param>
    public void Tell(DesiredState wanted, IEnumerable<ProxyReport> proxies, IEnumerable<Finding> findings)
    {
        statuses?.Write(wanted, proxies);
        events.Tell(wanted, findings);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (statuses is not null)
            await statuses.DisposeAsync();
        await events.DisposeAsync();
    }
}
