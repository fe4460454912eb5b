using System.Diagnostics;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;
using IngressReconciler.Routing;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Proxies;

/// <summary>
/// Keeps one proxy at what is wanted. Changes add up while a push runs and go together in the next one; a proxy that cannot be reached has
/// everything looked at when it is back.
/// </summary>
/// <param name="link">The way to the proxy.</param>
/// <param name="keys">Reads keys of certificates.</param>
/// <param name="telemetry">Where it is measured.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
/// <param name="wake">Called when the proxy wants a push: it came back, or went away.</param>
public sealed partial class ProxyWorker(ProxyLink link, KeyPairReading keys, ProxyTelemetry telemetry, TimeProvider time, ILogger log, Action wake) : IAsyncDisposable
{
    private static readonly TimeSpan FirstTry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestTry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestAfterRefusal = TimeSpan.FromSeconds(5);

    /// <summary>Refusals that are logged at one time.</summary>
    private const int RefusalsLogged = 20;

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly ProxySweep sweep = new(link, time);
    private readonly List<(JournalPosition Position, TaskCompletionSource Waiter)> waiting = [];
    private PlanScope pending = PlanScope.All(link.Proxy.Role);
    private Target? target;
    private Task current = Task.CompletedTask;
    private Task? reaching;
    private Task asking = Task.CompletedTask;
    private TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan pause = FirstTry;
    private Refusals refused = Refusals.None;
    private bool reachable = true;
    private bool resync;
    private JournalPosition reached = JournalPosition.Start;

    private sealed record Target(Wanted Wanted, int Version, JournalPosition Position);

    /// <summary>How it stands.</summary>
    public ProxyReport Report { get; private set; } =
        new(link.Proxy.Name, false, 0, "", default, null, 0, 0, "not reached yet", link.Proxy.Role);

    /// <summary>Its name.</summary>
    public string Name => link.Proxy.Name;

    /// <summary>Where it is.</summary>
    public ProxyAddress Address => link.Proxy.Address;

    /// <summary>What it is for.</summary>
    public ProxyRole Role => link.Proxy.Role;

    /// <summary>Where it is measured.</summary>
    public ProxyTelemetry Telemetry => telemetry;

    /// <summary>What it refuses. Each is tried again when what it is about changes, and whenever all of the proxy is looked at.</summary>
    public Refusals Refused => Volatile.Read(ref refused);

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
            resync &= difference.IsEmpty;
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

    /// <summary>Whether the proxy was last seen to run what follows from a journal position, and can be reached.</summary>
    public bool Runs(JournalPosition position)
    {
        lock (gate)
            return reachable && position <= reached && Report.Running;
    }

    /// <summary>Tells the proxy something that no push is about, such as the token of a probe.</summary>
    /// <returns>What it says to that.</returns>
    /// <exception cref="ProxyUnavailableException">It cannot be reached, or refuses.</exception>
    public Task<string> SendAsync(RuntimeCommand command, CancellationToken cancel) => link.UseAsync(
        async (connection, token) => (await connection.SendAsync([command], token))[0] is var reply && reply.IsError
            ? throw new ProxyUnavailableException(Name, $"refuses '{command.Line}': {reply.Text}")
            : reply.Text,
        cancel);

    /// <summary>The way to it, for whoever wants to look at it beside the pushes.</summary>
    public ProxyLink Link => link;

    /// <summary>Looks at everything with the next push.</summary>
    public void LookAtEverything()
    {
        lock (gate)
        {
            resync = pending.IsEmpty;
            pending = PlanScope.All(Role);
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
            pending = new(Role);
            resync = false;
            using (ExecutionContext.SuppressFlow()) // it outlives this round's trace
                reaching ??= Task.Run(ReachAsync, CancellationToken.None);
            current = Task.Run(() => PushAsync(scope, what, unexpected, cancel), CancellationToken.None);
            _ = current.ContinueWith(_ => wake(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Unreachable();
        await Task.WhenAll(Current, sweep.DisposeAsync().AsTask(), reaching ?? Task.CompletedTask, asking);
        await link.DisposeAsync();
        stopping.Dispose();
    }

    private async Task PushAsync(PlanScope scope, Target what, bool unexpected, CancellationToken cancel)
    {
        using var span = telemetry.StartPush(what.Version, what.Position);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, stopping.Token);
            var (outcome, process) = await link.UseAsync(
                async (connection, token) => (await PushTwiceAsync(connection, what, scope, token), connection.Process), either.Token);
            var drift = unexpected && outcome.WasReady ? outcome.Steps : 0;
            telemetry.Pushed(span, outcome, drift);
            var news = outcome.Refused.All.Where(one => refused.Find(one.Part)?.Reason != one.Reason).ToArray();
            Volatile.Write(ref refused, outcome.Refused);
            Tell(report => report with
            {
                Running = true,
                Version = what.Version,
                Position = what.Position.ToString(),
                At = time.GetUtcNow(),
                Process = process,
                Pushes = report.Pushes + 1,
                Drift = report.Drift + drift,
                Trouble = RefusalFindings.Sum(outcome.Refused),
            });
            lock (gate)
            {
                pause = FirstTry;

                // Everything is to be looked at: this push has not.
                if (!pending.Everything)
                    Reached(pending.IsEmpty ? target!.Position : what.Position);
            }

            if (!outcome.WasReady)
                LogRestored(Name, outcome.Steps, what.Version);
            if (drift > 0)
                LogDrift(Name, drift);
            sweep.Add(outcome.Sweep);
            foreach (var one in news.Take(RefusalsLogged))
                LogNotApplied(Name, one.Owner is { } owner ? $"what {owner} asks for" : "one change", one.Reason.ToString());
            AskAgain(outcome.Refused);
        }
        catch (Exception e)
        {
            span.Fail(Failed(e));
        }
    }

    /// <summary>A refusal means that the proxy is not what we took it for, so the second try looks at everything.</summary>
    private async Task<PushOutcome> PushTwiceAsync(RuntimeConnection connection, Target what, PlanScope scope, CancellationToken cancel)
    {
        try
        {
            return await ProxyPush.RunAsync(connection, what.Wanted, what.Version, scope, refused, keys, cancel);
        }
        catch (PushRefusedException e)
        {
            LogRefused(Name, e.Message);
            Traces.Stage("refused");
            return await ProxyPush.RunAsync(connection, what.Wanted, what.Version, PlanScope.All(Role), refused, keys, cancel);
        }
    }

    /// <summary>What could not be done now may be possible in a while, and no event will say so.</summary>
    private void AskAgain(Refusals refused)
    {
        var outages = refused.All
            .Where(one => one.IsOutage && one.Part.IsOfCertificate)
            .Select(one => HAProxyNames.ReferenceOf(one.Part.Name))
            .OfType<CertificateReference>()
            .ToHashSet();
        if (outages.Count > 0)
            asking = AskAsync();

        async Task AskAsync()
        {
            await Task.Delay(LongestAfterRefusal, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (gate)
                pending.Certificates.UnionWith(outages);
            wake();
        }
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
                LogUnavailable(Name, reason);
        }
        else
            LogBug(e, Name);
        Tell(report => report with { Running = false, Trouble = reason });
        return reason;
    }

    /// <summary>Called under the gate.</summary>
    private void Reached(JournalPosition position)
    {
        reached = position;
        telemetry.Reached(position);
        foreach (var (_, waiter) in waiting.Where(one => one.Position <= position))
            waiter.TrySetResult();
        waiting.RemoveAll(one => one.Position <= position);
    }

    /// <summary>What the proxy runs is not known any more: nothing is pushed before it was reached again, and then everything is looked at.</summary>
    /// <returns>Whether it could be reached until now.</returns>
    private bool Unreachable()
    {
        lock (gate)
        {
            var was = reachable;
            pending = PlanScope.All(Role);
            resync = false;
            reachable = false;
            lost.TrySetResult();
            foreach (var (_, waiter) in waiting)
                waiter.TrySetResult();
            waiting.Clear();
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

    /// <summary>
    /// Stays in touch: notices at once when the session ends, and connects again without waiting for an event. A push that failed although the
    /// session lives is tried again the same way, after a pause that grows until one succeeds.
    /// </summary>
    private async Task ReachAsync()
    {
        try
        {
            while (true)
            {
                var ended = link.Disconnected;
                await Task.WhenAny(ended, lost.Task).WaitAsync(stopping.Token);
                if (ended.IsCompleted)
                {
                    var end = await ended;
                    Lost(end);
                    Tell(report => report with { Running = false, Trouble = end.Reason });
                }

                var longest = ended.IsCompleted ? LongestTry : LongestAfterRefusal;
                while (!await IsThereAsync(longest))
                    longest = LongestTry;
                lock (gate)
                {
                    lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    reachable = true;
                }

                wake();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task<bool> IsThereAsync(TimeSpan longest)
    {
        TimeSpan wait;
        lock (gate)
        {
            wait = pause < longest ? pause : longest;
            pause = wait * 2;
        }

        await Task.Delay(wait, time, stopping.Token);
        try
        {
            return await link.UseAsync(static (_, _) => Task.FromResult(true), stopping.Token);
        }
        catch (ProxyUnavailableException e)
        {
            if (Report.Trouble != e.Reason && e.RetryAfter == TimeSpan.Zero)
                LogUnavailable(Name, e.Reason);
            Tell(report => report with { Running = false, Trouble = e.Reason });
            return false;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // A bug, or a deadline that nobody foresaw: whoever stays in touch must not be lost to it.
            LogBug(e, Name);
            Tell(report => report with { Running = false, Trouble = ShownText.Clean(e.Message) });
            return false;
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} goes on without {What}, and runs all else: {Reason}")]
    private partial void LogNotApplied(string name, string what, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A push to proxy {Name} failed in a way that it must not; trying again")]
    private partial void LogBug(Exception e, string name);
}
