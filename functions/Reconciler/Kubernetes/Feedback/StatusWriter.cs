using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Coalescing;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;
using IngressReconciler.Reports;
using IngressReconciler.Status;
using IngressReconciler.Storage;

namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>
/// Writes where Ingresses are served into their status, by server-side apply, beside the rounds. An Ingress is looked at when it may need
/// another status and a proxy was read back to run what follows from it. What was written or refused once is not sent again before the next
/// resync: neither an event that is older than our write nor another controller with other ideas makes us write in circles. Each
/// environment has a field manager of its own, so that <c>managedFields</c> records what this one wrote: an address is taken back as far as
/// it is ours, and one that another control plane wrote, or writes too, stays.
/// </summary>
public sealed partial class StatusWriter : IAsyncDisposable
{
    private const int AtOnce = 4;

    /// <summary>Statuses in one pass at most: what becomes ready meanwhile has not long to wait for its turn.</summary>
    private const int MostInPass = 100;

    private static readonly ObjectQuery Ingresses = new("Ingress", "networking.k8s.io/v1", "ingresses");

    private readonly ApiServerWriter writer;
    private readonly ValueList<LoadBalancerAddress> edge;
    private readonly Func<CancellationToken, Task<string?>> environment;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CoalescingWorker worker;
    private readonly ConcurrentDictionary<ResourceKey, StatusChange> sent = new();
    private readonly NamespaceTurns turns = new();
    private readonly Lock gate = new();

    // Ingresses to look at, each once a proxy runs the position; and those for which one does.
    private readonly Dictionary<ResourceKey, JournalPosition> due = [];
    private HashSet<ResourceKey> ready = [];
    private bool everything;
    private JournalPosition loaded;
    private JournalPosition changed;
    private DesiredState? newest;
    private string? manager;

    /// <summary>Makes a writer; nothing is reached yet.</summary>
    /// <param name="writer">Writes to the cluster.</param>
    /// <param name="edge">The edge's addresses.</param>
    /// <param name="environment">Reads this environment's id; null where it has none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are told.</param>
    public StatusWriter(
        ApiServerWriter writer, ValueList<LoadBalancerAddress> edge, Func<CancellationToken, Task<string?>> environment, TimeProvider time,
        ILogger log)
    {
        (this.writer, this.edge, this.environment, this.time, this.log) = (writer, edge, environment, time, log);
        worker = new(PassAsync, LogBug);
    }

    /// <summary>The last failure since the last resync; null for none.</summary>
    public WriteFailure? Failure { get; private set; }

    /// <summary>Takes a state that was made from nothing: every Ingress is due once a proxy runs it.</summary>
    public void Load(JournalPosition at)
    {
        lock (gate)
        {
            due.Clear();
            ready = [];
            (loaded, changed, everything) = (at, at, true);
        }
    }

    /// <summary>Notes which Ingresses a change made due.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="difference">What of the wanted differs by them.</param>
    /// <param name="end">The journal position after them.</param>
    public void Follow(IEnumerable<ResourceChange> changes, DesiredDifference difference, JournalPosition end)
    {
        lock (gate)
        {
            // A change that no proxy has anything to do for is run as soon as the one before it is.
            if (!difference.IsEmpty)
                changed = end;
            foreach (var ingress in StatusComposer.Concerned(changes, difference))
            {
                due[ingress] = changed;
                ready.Remove(ingress);
            }
        }
    }

    /// <summary>Looks at every Ingress with the next write, also at those that were refused.</summary>
    public void LookAtEverything()
    {
        lock (gate)
            everything = true;
        sent.Clear();
        Failure = null;
    }

    /// <summary>Begins to write what may be said by now. Returns at once.</summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="proxies">What was last read back of each proxy.</param>
    public void Write(DesiredState wanted, IEnumerable<ProxyReport> proxies)
    {
        JournalPosition? run = null;
        foreach (var proxy in proxies.Where(proxy => proxy.Role == ProxyRole.Ingress))
        {
            if (proxy.Running && JournalPosition.TryParse(proxy.Position, out var position) && !(position < run))
                run = position;
        }

        lock (gate)
        {
            if (run is null || run < loaded)
                return;
            if (everything)
                ready.UnionWith(StatusComposer.All(wanted.Cluster).Where(ingress => !due.ContainsKey(ingress)));
            everything = false;
            foreach (var (ingress, _) in due.Where(one => one.Value <= run).ToArray())
            {
                due.Remove(ingress);
                ready.Add(ingress);
            }

            if (ready.Count == 0)
                return;
            newest = wanted;
        }

        worker.Trigger();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => worker.DisposeAsync();

    private async Task PassAsync(CancellationToken cancel)
    {
        DesiredState wanted;
        HashSet<ResourceKey> ingresses;
        lock (gate)
            (wanted, ingresses, ready) = (newest!, ready, []);
        StatusChange[] all = [.. StatusComposer.Compose(wanted, edge, ingresses)
            .Where(change => sent.GetValueOrDefault(change.Ingress) != change)];
        StatusChange[] changes = [.. turns.Order(all, change => change.Ingress.Namespace).Take(MostInPass)];
        try
        {
            manager ??= await environment(cancel) is { } id ? $"{ApiServerWriter.FieldManager}-{id}" : ApiServerWriter.FieldManager;
        }
        catch (StorageUnavailableException e)
        {
            Failure = new(time.GetUtcNow(), "status of Ingresses", e.Message);
            LogFailed(ingresses.Count, Failure.What, e.Message);
            return; // the next resync looks at all of them again
        }

        using var outage = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var failed = 0;
        try
        {
            await Parallel.ForEachAsync(changes, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = outage.Token }, async (change, token) =>
            {
                try
                {
                    await WriteAsync(change, token);
                }
                catch (ApiServerException e) when (IsGone(e))
                {
                    LogGone(change.Ingress, e.Message);
                }
                catch (ApiServerException e)
                {
                    Failure = new(time.GetUtcNow(), $"status of {change.Ingress}", e.Message);
                    Interlocked.Increment(ref failed);
                    if (e.IsOutage)
                    {
                        await outage.CancelAsync();
                        return;
                    }
                }

                sent[change.Ingress] = change;
            });
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Nobody answers: the next resync looks at all of them again.
        }

        if (failed > 0 && Failure is { } last)
            LogFailed(failed, last.What, last.Reason);
        if (changes.Length < all.Length && !outage.IsCancellationRequested)
            Leave(all.Except(changes).Select(change => change.Ingress));
    }

    /// <summary>The next pass has them, in turns with whatever has come meanwhile.</summary>
    private void Leave(IEnumerable<ResourceKey> ingresses)
    {
        lock (gate)
            ready.UnionWith(ingresses.Where(ingress => !due.ContainsKey(ingress)));
        worker.Trigger();
    }

    private Task WriteAsync(StatusChange change, CancellationToken cancel)
    {
        var (_, ns, name) = change.Ingress;
        var body = new JsonObject
        {
            ["apiVersion"] = Ingresses.ApiVersion,
            ["kind"] = Ingresses.Kind,
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["uid"] = change.Uid },
        };

        // What we do not name any more, the server takes away as far as it is ours.
        if (change.Addresses.Count > 0)
            body["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray([.. change.Addresses.Items.Select(Json)]) } };
        var path = $"{Ingresses.PathOf(ns, name)}/status?fieldManager={manager}&force=true";
        return writer.SendAsync(HttpMethod.Patch, path, ApiServerWriter.ApplyPatch, body, cancel);
    }

    /// <summary>An apply whose uid is nobody's any more is a conflict to kube-apiserver; one whose uid is another's would change what must not change.</summary>
    private static bool IsGone(ApiServerException e) =>
        e.IsNotFound || e.Code == 409 || (e.Code == 422 && e.Message.Contains("metadata.uid", StringComparison.Ordinal));

    private static JsonObject Json(LoadBalancerAddress address) =>
        address.Ip is { } ip ? new() { ["ip"] = ip } : new() { ["hostname"] = address.Hostname };

    [LoggerMessage(Level = LogLevel.Information, Message = "The status of {Ingress} is not written: it was deleted or recreated meanwhile ({Reason})")]
    private partial void LogGone(ResourceKey ingress, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The status of {Count} Ingresses was not written; the next resync tries again. Last of them, {What}: {Reason}")]
    private partial void LogFailed(int count, string what, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Writing status failed in a way that it must not")]
    private partial void LogBug(Exception e);
}
