using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;

namespace IngressReconciler.Proxies;

/// <summary>How a proxy stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Running">Whether it was last seen to run what is wanted.</param>
/// <param name="Version">The version that was last pushed and read back; 0 for none.</param>
/// <param name="Position">The journal position that it follows.</param>
/// <param name="At">When it was last seen.</param>
/// <param name="Process">HAProxy version, pid and start of the process; null before the first contact.</param>
/// <param name="Pushes">Pushes since this instance started.</param>
/// <param name="Drift">Steps that were needed although nothing was known to have changed.</param>
/// <param name="Trouble">Why it does not run what is wanted; null when it does.</param>
public sealed record ProxyReport(
    string Name, bool Running, int Version, string Position, DateTimeOffset At, ProxyProcess? Process, long Pushes, long Drift, string? Trouble);

/// <summary>
/// Keeps one proxy at what is wanted. Changes add up while a push runs and go together in the next one; a proxy that cannot be reached has
/// everything looked at when it is back.
/// </summary>
/// <param name="link">The way to the proxy.</param>
/// <param name="keys">Reads keys of certificates.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
/// <param name="wake">Called when the proxy wants a push: it came back, or went away.</param>
public sealed partial class ProxyWorker(ProxyLink link, KeyPairReading keys, TimeProvider time, ILogger log, Action wake) : IAsyncDisposable
{
    private static readonly TimeSpan FirstTry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestTry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FirstSweep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<Step> toSweep = [];
    private readonly List<(JournalPosition Position, TaskCompletionSource Waiter)> waiting = [];
    private PlanScope pending = PlanScope.All();
    private Target? target;
    private Task current = Task.CompletedTask;
    private Task sweeping = Task.CompletedTask;
    private Task reaching = Task.CompletedTask;
    private bool reachable = true;
    private bool resync;
    private JournalPosition reached = JournalPosition.Start;

    private sealed record Target(Wanted Wanted, int Version, JournalPosition Position);

    /// <summary>How it stands.</summary>
    public ProxyReport Report { get; private set; } = new(link.Address.Name, false, 0, "", default, null, 0, 0, "not reached yet");

    /// <summary>Its name.</summary>
    public string Name => link.Address.Name;

    /// <summary>The push that is under way; completed when there is none. Never fails.</summary>
    public Task Current => Volatile.Read(ref current);

    /// <summary>Whether there is something to push and the proxy can be reached.</summary>
    public bool WantsPush
    {
        get
        {
            lock (gate)
                return target is not null && reachable && !pending.IsEmpty && current.IsCompleted;
        }
    }

    /// <summary>Says what is wanted now, and what of it differs from what was said last.</summary>
    public void Want(Wanted wanted, int version, JournalPosition position, WantedDifference difference)
    {
        lock (gate)
        {
            pending.Version |= target?.Version != version;
            target = new(wanted, version, position);
            pending.Add(difference);
            if (pending.IsEmpty && current.IsCompleted)
                Reached(position);
        }
    }

    /// <summary>Completes when the proxy was seen to run what follows from a journal position, or cannot be reached. Never fails.</summary>
    public Task RunsAsync(JournalPosition position)
    {
        lock (gate)
        {
            if (!reachable || position <= reached)
                return Task.CompletedTask;
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add((position, waiter));
            return waiter.Task;
        }
    }

    /// <summary>Looks at everything with the next push.</summary>
    public void LookAtEverything()
    {
        lock (gate)
        {
            resync = pending.IsEmpty;
            pending = PlanScope.All();
            reached = JournalPosition.Start;
        }
    }

    /// <summary>Starts a push of all that is pending.</summary>
    /// <param name="cancel">Fires when nobody may push any more: the lease is lost.</param>
    public void Start(CancellationToken cancel)
    {
        lock (gate)
        {
            Debug.Assert(current.IsCompleted, "one push at a time");
            var (scope, what, unexpected) = (pending, target!, resync);
            pending = new();
            resync = false;
            current = Task.Run(() => PushAsync(scope, what, unexpected, cancel), CancellationToken.None);
            _ = current.ContinueWith(_ => wake(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(Current, sweeping, reaching);
        await link.DisposeAsync();
        stopping.Dispose();
    }

    private async Task PushAsync(PlanScope scope, Target what, bool unexpected, CancellationToken cancel)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, stopping.Token);
            var (outcome, process) = await link.UseAsync(
                async (connection, token) => (await PushTwiceAsync(connection, what, scope, token), connection.Process), either.Token);
            var drift = unexpected && outcome.WasReady ? outcome.Steps : 0;
            Tell(report => report with
            {
                Running = true,
                Version = what.Version,
                Position = what.Position.ToString(),
                At = time.GetUtcNow(),
                Process = process,
                Pushes = report.Pushes + 1,
                Drift = report.Drift + drift,
                Trouble = outcome.Unusable.Count == 0 ? null : $"no usable key for {string.Join(", ", outcome.Unusable)}",
            });
            lock (gate)
                Reached(pending.IsEmpty ? target!.Position : what.Position);
            if (!outcome.WasReady)
                LogRestored(Name, outcome.Steps, what.Version);
            if (drift > 0)
                LogDrift(Name, drift);
            Sweep(outcome.Sweep);
        }
        catch (Exception e)
        {
            Failed(e);
        }
        finally
        {
            Reach();
        }
    }

    /// <summary>A refusal means that the proxy is not what we took it for, so the second try looks at everything.</summary>
    private async Task<PushOutcome> PushTwiceAsync(RuntimeConnection connection, Target what, PlanScope scope, CancellationToken cancel)
    {
        try
        {
            return await ProxyPush.RunAsync(connection, what.Wanted, what.Version, scope, keys, cancel);
        }
        catch (PushRefusedException e)
        {
            LogRefused(Name, e.Message);
            return await ProxyPush.RunAsync(connection, what.Wanted, what.Version, PlanScope.All(), keys, cancel);
        }
    }

    private void Failed(Exception e)
    {
        var reason = e switch
        {
            ProxyUnavailableException unavailable => unavailable.Reason,
            OperationCanceledException => "was left in mid-push, because the lease was lost or we stop",
            _ => e.Message,
        };
        Unreachable();
        if (e is ProxyUnavailableException or PushRefusedException or OperationCanceledException)
        {
            if (Report.Trouble != reason)
                LogUnavailable(Name, reason);
        }
        else
            LogBug(e, Name);
        Tell(report => report with { Running = false, Trouble = reason });
    }

    /// <summary>Called under the gate.</summary>
    private void Reached(JournalPosition position)
    {
        reached = position;
        foreach (var (_, waiter) in waiting.Where(one => one.Position <= position))
            waiter.TrySetResult();
        waiting.RemoveAll(one => one.Position <= position);
    }

    private void Unreachable()
    {
        lock (gate)
        {
            pending = PlanScope.All();
            reachable = false;
            foreach (var (_, waiter) in waiting)
                waiter.TrySetResult();
            waiting.Clear();
        }
    }

    private void Tell(Func<ProxyReport, ProxyReport> change)
    {
        lock (gate)
            Report = change(Report);
    }

    /// <summary>Stays in touch: notices at once when the session ends, and connects again without waiting for an event.</summary>
    private void Reach()
    {
        lock (gate)
        {
            if (reaching.IsCompleted && !stopping.IsCancellationRequested)
                reaching = Task.Run(ReachAsync);
        }
    }

    private async Task ReachAsync()
    {
        try
        {
            if (reachable)
            {
                var end = await link.Disconnected.WaitAsync(stopping.Token);
                Unreachable();
                Tell(report => report with { Running = false, Trouble = end.Reason });
            }

            for (var pause = FirstTry; ; pause = pause < LongestTry ? pause * 2 : LongestTry)
            {
                await Task.Delay(pause, time, stopping.Token);
                try
                {
                    await link.UseAsync(static (_, _) => Task.FromResult(true), stopping.Token);
                    break;
                }
                catch (ProxyUnavailableException e)
                {
                    if (Report.Trouble != e.Reason && e.RetryAfter == TimeSpan.Zero)
                        LogUnavailable(Name, e.Reason);
                    Tell(report => report with { Running = false, Trouble = e.Reason });
                }
            }

            lock (gate)
                reachable = true;
            wake();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void Sweep(IReadOnlyList<Step> steps)
    {
        lock (gate)
        {
            toSweep.UnionWith(steps);
            if (toSweep.Count > 0 && sweeping.IsCompleted)
                sweeping = Task.Run(SweepAsync);
        }
    }

    /// <summary>
    /// Needs no lease: HAProxy itself refuses to remove what is in use, so nothing can be removed that somebody has come to want meanwhile.
    /// </summary>
    private async Task SweepAsync()
    {
        var pause = FirstSweep;
        while (true)
        {
            try
            {
                await Task.Delay(pause, time, stopping.Token);
                Step[] steps;
                lock (gate)
                    steps = [.. toSweep.OrderBy(step => step is DeleteBackend)];
                var left = await link.UseAsync((connection, token) => ProxyPush.SweepAsync(connection, steps, token), stopping.Token);
                lock (gate)
                {
                    toSweep.ExceptWith(steps.Except(left));
                    if (toSweep.Count == 0)
                        return;
                }

                pause = left.Count < steps.Length ? FirstSweep : pause < LongestSweep ? pause * 2 : LongestSweep;
            }
            catch (Exception e) when (e is ProxyUnavailableException or OperationCanceledException)
            {
                // A proxy that is back has everything looked at, and what is left to sweep with it.
                lock (gate)
                    toSweep.Clear();
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Proxy {Name} was fresh: restored with {Steps} steps to version {Version}; ready")]
    private partial void LogRestored(string name, int steps, int version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} had drifted: {Steps} steps brought it back")]
    private partial void LogDrift(string name, int steps);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} {Reason}; looking at everything")]
    private partial void LogRefused(string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} {Reason}; trying again")]
    private partial void LogUnavailable(string name, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A push to proxy {Name} failed in a way that it must not; trying again")]
    private partial void LogBug(Exception e, string name);
}
