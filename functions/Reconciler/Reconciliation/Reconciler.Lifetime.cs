using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <content>From the start, a cold one or one after a bug, to the end.</content>
public sealed partial class Reconciler
{
    /// <summary>How long the end waits for pushes that are under way.</summary>
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(5);

    /// <summary>Begins. Returns at once; what is asked for before the state is loaded waits for it.</summary>
    public void Start()
    {
        proxies.Start(queue.Wake);
        gauges = new(storage.Id, this, proxies, queue, time);
        lists = new(ListSoonAsync, LogListBug);
        held = reader is null ? null : new(storage.Id, options.MassDeletion, lists.Trigger, log);
        running = Task.Run(() => RunAsync(stopping.Token));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        gauges?.Dispose();
        await stopping.CancelAsync();
        await running;
        await resync.DisposeAsync();
        // What was sent to a proxy cannot be taken back: whoever has the lease next must not find it under way.
        await Task.WhenAny(proxies.IdleAsync(), Task.Delay(EndWithin, time));
        await firstList.DisposeAsync();
        if (lists is not null)
            await lists.DisposeAsync();
        await proxies.DisposeAsync();
        await answers.Done;
        await sealing.Kept.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a version without its findings says so
        await leader.ReleaseAsync();
        await reports.DisposeAsync();
        await findings.DisposeAsync();
        await machines.DisposeAsync();
        await snapshots.DisposeAsync();
        await retention.DisposeAsync();
        if (feedback is not null)
            await feedback.DisposeAsync();
        stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        var loaded = false;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (!loaded)
                    await LoadAsync(cancel);
                loaded = true;
                await RoundsAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                // Stopping.
            }
            catch (StorageUnavailableException e)
            {
                LogStorage(e.Message);
                queue.Fail(e);
                await Task.Delay(TimeSpan.FromMilliseconds(200), time, CancellationToken.None);
            }
            catch (Exception e)
            {
                // A gap in the journal, or a bug: what is known is thrown away and read anew.
                LogReload(e, Position);
                queue.Fail(e);
                loaded = false;
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            }
        }

        queue.Close(new OperationCanceledException("the program stops"));
    }

    /// <summary>A cold start: the newest snapshot, the journal's tail, and everything that follows from them.</summary>
    private async Task LoadAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var (state, at) = await snapshots.LoadAsync(cancel);
        journal.GoOnFrom(at);
        var next = DesiredState.Of(state, options).Beside(EdgeAddresses).Next;
        Volatile.Write(ref wanted, next);
        Volatile.Write(ref configs, ProxyConfigs.Of(driver, next));
        sealing = new(storage, time);
        sealing.Begin(wanted.Model);
        feedback?.Load(at);
        held?.Load(state);
        proxies.Load(state);
        foreach (var worker in proxies.Workers)
        {
            worker.LookAtEverything();
            worker.Want(configs[worker.Role], Version, Position);
        }

        LogLoaded(state.Resources.Count, wanted.Model.Hosts.Count, Position, time.GetElapsedTime(started).TotalMilliseconds);
        machines.Refresh(queue.Wake, cancel);

        if (IsUnknown)
            await sealing.ReadHeadAsync(cancel);
        firstList.Begin(this, resync);
        queue.Wake();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Objects} objects, {Hosts} hosts at {Position} in {Milliseconds:0} ms")]
    private partial void LogLoaded(int objects, int hosts, JournalPosition position, double milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Proxies go on with what they have")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stopped at {Position}; reading everything anew")]
    private partial void LogReload(Exception e, JournalPosition position);
}
