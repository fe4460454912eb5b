using System.Collections.Immutable;
using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using IngressReconciler.Reports;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Workers;

/// <summary>
/// Keeps one proxy at what is wanted. Changes add up while a push runs and go together in the next one; a proxy that cannot be reached has
/// everything looked at when it is back.
/// </summary>
/// <param name="proxy">The proxy. Disposed of here.</param>
/// <param name="telemetry">Where it is measured.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
/// <param name="wake">Called when the proxy wants a push: it came back, or went away.</param>
public sealed class ProxyWorker(
    IProxy proxy, ProxyTelemetry telemetry, TimeProvider time, ILogger log, Action wake)
    : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly ProxyContact contact = new(proxy, time);
    private readonly ReachedPosition reached = new();
    private readonly PendingChanges pending = new();
    private Target? target;
    private Task current = Task.CompletedTask;
    private Task? reaching;
    private Task asking = Task.CompletedTask;
    private ImmutableArray<Refusal> refused = [];
    private bool reachable = true;
    private bool isProven; // the last push was read back, and none was begun since
    private bool resync;
    private bool wasLeft;

    private sealed record Target(ProxyConfig Config, int Version, JournalPosition Position);

    /// <summary>How it stands.</summary>
    public ProxyReport Report { get; private set; } =
        new(proxy.Proxy.Name, false, 0, "", default, null, 0, 0, "not reached yet", proxy.Proxy.Role);

    /// <summary>Its name.</summary>
    public string Name => proxy.Proxy.Name;

    /// <summary>Where it is.</summary>
    public ProxyAddress Address => proxy.Proxy.Address;

    /// <summary>What it is for.</summary>
    public ProxyRole Role => proxy.Proxy.Role;

    /// <summary>Where it is measured.</summary>
    public ProxyTelemetry Telemetry => telemetry;

    /// <summary>What it refuses. Each is tried again when what it is about changes, and with each full sync.</summary>
    public ImmutableArray<Refusal> Refused => ImmutableInterlocked.InterlockedCompareExchange(ref refused, default, default);

    /// <summary>The push that is under way; completed when there is none. Never fails.</summary>
    public Task Current => Volatile.Read(ref current);

    /// <summary>Whether its end left a push: what was sent may be carried out after it.</summary>
    public bool WasLeft => Volatile.Read(ref wasLeft);

    /// <summary>Whether there is something to push and the proxy can be reached.</summary>
    public bool WantsPush
    {
        get
        {
            lock (gate)
                return target is not null && reachable && !pending.IsEmpty && current.IsCompleted;
        }
    }

    /// <summary>Says what the proxy should run now, and what of it differs from what was said last.</summary>
    public void Want(ProxyConfig config, int version, JournalPosition position, params ReadOnlySpan<ConfigDifference> differences)
    {
        lock (gate)
        {
            pending.IsOtherVersion |= target?.Version != version;
            target = new(config, version, position);
            foreach (var difference in differences)
            {
                pending.Add(difference);
                resync &= difference.IsEmpty;
            }

            if (pending.IsEmpty && isProven)
                Reached(position);
        }
    }

    /// <summary>Completes when the proxy was seen to run what follows from a journal position, or cannot be reached. Never fails.</summary>
    public Task RunsAsync(JournalPosition position)
    {
        lock (gate)
            return reachable ? reached.WaitAsync(position) : Task.CompletedTask;
    }

    /// <summary>Whether the proxy was last seen to run what follows from a journal position, and can be reached.</summary>
    public bool Runs(JournalPosition position)
    {
        lock (gate)
            return reachable && reached.Has(position) && Report.Running;
    }

    /// <summary>The proxy, to look at it beside the pushes.</summary>
    public IProxy Proxy => proxy;

    /// <summary>Looks at everything with the next push.</summary>
    public void LookAtEverything()
    {
        lock (gate)
        {
            resync = pending.IsEmpty;
            pending.Everything();
            reached.Forget();
        }
    }

    /// <summary>Starts a push of all that is pending.</summary>
    /// <param name="cancel">Fires when nobody may push any more: the lease is lost.</param>
    /// <param name="fence">See <see cref="PushRequest.Fence"/>.</param>
    public void Start(CancellationToken cancel, Action? fence = null)
    {
        lock (gate)
        {
            Debug.Assert(current.IsCompleted, "one push at a time");
            var (differences, what, unexpected) = (pending.Take(), target!, resync);
            resync = false;
            isProven = false;
            using (ExecutionContext.SuppressFlow()) // it outlives this round's trace
                reaching ??= Task.Run(() => contact.RunAsync(Ended, Missing, Back, stopping.Token), CancellationToken.None);
            current = Task.Run(() => PushAsync(differences, what, unexpected, fence, cancel), CancellationToken.None);
            _ = current.ContinueWith(_ => wake(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Unreachable();
        await Task.WhenAll(Current, reaching ?? Task.CompletedTask, asking);
        await proxy.DisposeAsync();
        stopping.Dispose();
    }

    private async Task PushAsync(
        IReadOnlyList<ConfigDifference>? differences, Target what, bool unexpected, Action? fence, CancellationToken cancel)
    {
        using var span = telemetry.StartPush(what.Version, what.Position);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, stopping.Token);
            var outcome = await proxy.PushAsync(new(what.Config, what.Version, differences) { Fence = fence }, either.Token);
            fence?.Invoke(); // what was read back under a lease that has passed meanwhile is no news
            var drift = unexpected && outcome.WasReady ? outcome.Steps : 0;
            telemetry.Pushed(span, outcome, drift);
            Refusal[] news = [.. outcome.Refused.Except(Refused)];
            ImmutableInterlocked.InterlockedExchange(ref refused, outcome.Refused);
            var notice = Report.Bootstrap?.Notice;
            Tell(report => report.After(outcome, drift, what.Version, what.Position, time.GetUtcNow()));
            contact.Succeeded();
            lock (gate)
            {
                isProven = true;
                // Everything is to be looked at: this push has not.
                if (!pending.IsEverything)
                    Reached(pending.IsEmpty ? target!.Position : what.Position);
            }

            if (outcome.GaveUp is { } reason)
                ProxyLog.Refused(log, Name, reason);
            if (outcome.Bootstrap.Notice is { } said && said != notice)
                ProxyLog.Bootstrap(log, Name, said);
            if (!outcome.WasReady)
                ProxyLog.Restored(log, Name, outcome.Steps, what.Version);
            if (drift > 0)
                ProxyLog.Drift(log, Name, drift);
            ProxyLog.NotApplied(log, Name, news);
            if (outcome.AskAgain is { } later)
                asking = AskAsync(later);
        }
        catch (Exception e)
        {
            Volatile.Write(ref wasLeft, e is OperationCanceledException && stopping.IsCancellationRequested);
            span.Fail(Failed(e));
        }
    }

    /// <summary>What could not be done now may be possible in a while, and no event will say so.</summary>
    private async Task AskAsync(ConfigDifference later)
    {
        await Task.Delay(ProxyContact.LongestAfterRefusal, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
            pending.Add(later);
        wake();
    }

    /// <summary>Gives what failed, in words.</summary>
    private string Failed(Exception e)
    {
        var reason = e switch
        {
            ProxyUnavailableException unavailable => unavailable.Reason.ToString(),
            OperationCanceledException => "was left in mid-push, because the lease was lost or we stop",
            PushRefusedException => e.Message,
            _ => ShownText.Clean(e.Message),
        };
        Lost(e);
        if (e is ProxyUnavailableException or PushRefusedException or OperationCanceledException)
        {
            if (Report.Trouble != reason)
                ProxyLog.Unavailable(log, Name, reason);
        }
        else
            ProxyLog.Bug(log, e, Name);
        Tell(report => report with { Running = false, Trouble = reason });
        return reason;
    }

    /// <summary>Called under the gate.</summary>
    private void Reached(JournalPosition position)
    {
        telemetry.Reached(position);
        reached.Take(position);
    }

    /// <summary>What the proxy runs is not known any more: nothing is pushed before it was reached again, and then everything is looked at.</summary>
    /// <returns>Whether it could be reached until now.</returns>
    private bool Unreachable()
    {
        lock (gate)
        {
            var was = reachable;
            pending.Everything();
            resync = false;
            reachable = false;
            contact.Lose();
            reached.Release();
            return was;
        }
    }

    /// <summary>The proxy is unreachable now; counted once, whether the push or the session tells of it first.</summary>
    private void Lost(Exception e)
    {
        if (Unreachable())
            telemetry.Failed(e);
    }

    private void Tell(Func<ProxyReport, ProxyReport> change)
    {
        lock (gate)
            Report = change(Report);
    }

    private void Ended(ProxyUnavailableException end)
    {
        Lost(end);
        Tell(report => report with { Running = false, Trouble = end.Reason });
    }

    private void Missing(Exception e)
    {
        var reason = e is ProxyUnavailableException unavailable ? unavailable.Reason.ToString() : ShownText.Clean(e.Message);
        if (e is not ProxyUnavailableException { RetryAfter: var wait })
            ProxyLog.Bug(log, e, Name); // or a deadline that nobody foresaw
        else if (Report.Trouble != reason && wait == TimeSpan.Zero)
            ProxyLog.Unavailable(log, Name, reason);
        Tell(report => report with { Running = false, Trouble = reason });
    }

    private void Back()
    {
        lock (gate)
            reachable = true;
        wake();
    }
}
