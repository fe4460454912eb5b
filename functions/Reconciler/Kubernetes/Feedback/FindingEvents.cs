using IngressReconciler.Coalescing;
using IngressReconciler.Desired;
using IngressReconciler.Reports;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>
/// Tells of findings as Kubernetes Events (events.k8s.io/v1) at the objects concerned, beside the rounds and a few a second. What is put right
/// within a second, as when an Ingress comes just before its Service, is not told.
/// </summary>
public sealed partial class FindingEvents : IAsyncDisposable
{
    /// <summary>Events in one pass, and so in one second, at most.</summary>
    private const int MostAtOnce = 10;

    private const int LongestInstance = 128;

    private static readonly TimeSpan BeforeEachPass = TimeSpan.FromSeconds(1);

    private static readonly ObjectQuery Events = new("Event", "events.k8s.io/v1", "events");

    private readonly ApiServerWriter writer;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CoalescingWorker worker;
    private readonly FindingLedger ledger = new();
    private readonly string instance = InstanceName();
    private Newest? newest;
    private bool forget;

    private sealed record Newest(DesiredState Wanted, IEnumerable<Finding> Findings);

    /// <summary>Makes a teller; nothing is reached yet.</summary>
    /// <param name="writer">Writes to the cluster.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are told.</param>
    public FindingEvents(ApiServerWriter writer, TimeProvider time, ILogger log)
    {
        (this.writer, this.time, this.log) = (writer, time, log);
        worker = new(PassAsync, LogBug);
    }

    /// <summary>The last failure since the last resync; null for none.</summary>
    public WriteFailure? Failure { get; private set; }

    /// <summary>Takes all findings that there are now. Returns at once.</summary>
    /// <param name="wanted">What they follow from.</param>
    /// <param name="findings">The findings; read later, beside whoever calls.</param>
    public void Tell(DesiredState wanted, IEnumerable<Finding> findings)
    {
        Volatile.Write(ref newest, new(wanted, findings));
        worker.Trigger();
    }

    /// <summary>Those that were refused are tried again.</summary>
    public void LookAtEverything()
    {
        Volatile.Write(ref forget, true);
        Failure = null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => worker.DisposeAsync();

    private async Task PassAsync(CancellationToken cancel)
    {
        await Task.Delay(BeforeEachPass, time, cancel);
        var (wanted, findings) = Volatile.Read(ref newest)!;
        if (Interlocked.Exchange(ref forget, false))
            ledger.ForgetRefusals();
        ledger.Observe(wanted.Cluster, findings, time.GetUtcNow());
        var due = ledger.Due(time.GetUtcNow()).Take(MostAtOnce);
        var (told, refused) = (0, 0);
        foreach (var one in due)
        {
            try
            {
                await TellAsync(one, cancel);
                one.WasTold(time.GetUtcNow());
                told++;
            }
            catch (ApiServerException e) when (e.IsTerminating)
            {
                // The object goes with its namespace, and an Event about it never comes to be: nothing is to be reported, or tried again.
                one.WasTold(time.GetUtcNow());
                told++;
            }
            catch (ApiServerException e)
            {
                Failure = new(time.GetUtcNow(), $"Event about {one.Object}", e.Message);
                one.IsRefused = !e.IsOutage;
                refused++;
                if (e.IsOutage)
                    break;
            }
        }

        if (refused > 0 && Failure is { } last)
            LogFailed(refused, last.What, last.Reason);
        if (told + refused == MostAtOnce)
            worker.Trigger();
    }

    private async Task TellAsync(FindingSeries one, CancellationToken cancel)
    {
        const string Query = $"?fieldManager={ApiServerWriter.FieldManager}";
        if (one.Told > 0)
        {
            try
            {
                await writer.SendAsync(HttpMethod.Patch, Events.PathOf(one.Namespace, one.Name) + Query, ApiServerWriter.MergePatch, one.ToPatch(), cancel);
                return;
            }
            catch (ApiServerException e) when (e.IsNotFound)
            {
                // Events do not live long. It is told anew.
            }
        }

        try
        {
            var collection = Events with { Namespace = one.Namespace };
            await writer.SendAsync(HttpMethod.Post, collection.Path + Query, ApiServerWriter.Whole, one.ToJson(RoutingOptions.OwnController, instance), cancel);
        }
        catch (ApiServerException e) when (e.Reason == "AlreadyExists")
        {
            // We told it before a restart, another instance did, or an answer was lost.
        }
    }

    private static string InstanceName()
    {
        var name = $"{RoutingOptions.OwnController}-{Environment.MachineName}";
        return name[..Math.Min(name.Length, LongestInstance)];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} Kubernetes Events were not written; the next resync tries again. Last of them, {What}: {Reason}")]
    private partial void LogFailed(int count, string what, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Telling of findings failed in a way that it must not")]
    private partial void LogBug(Exception e);
}
