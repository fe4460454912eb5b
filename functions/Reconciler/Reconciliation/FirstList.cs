using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Lists the cluster when a kind is not known to have been listed and counted, again and again until each was. The rounds do not wait
/// for it; while nothing was ever pushed, the answers to events wait for the first try: what they bring is journalled, and pushed with the list.
/// </summary>
/// <param name="reader">Reads the cluster; null when there is no way to.</param>
/// <param name="environment">Names this control plane before it writes to a cluster.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
internal sealed partial class FirstList(IClusterReader? reader, EnvironmentStore environment, TimeProvider time, ILogger log)
    : IAsyncDisposable
{
    /// <summary>The pause after a list that lacked a kind; each further one is twice as long …</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>… up to this.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource stopping = new();
    private Task listing = Task.CompletedTask;

    /// <summary>Completes when the cluster was tried to be listed, where that has to be waited for. Never fails.</summary>
    public Task Tried { get; private set; } = Task.CompletedTask;

    /// <summary>Begins when there is need to. Returns at once.</summary>
    public void Begin(Reconciler reconciler, Resync resync)
    {
        var history = ClusterHistory.Of(reconciler.Wanted.Cluster);
        if (reader is null || !listing.IsCompleted || reader.Kinds.All(kind => history.CountOf(kind) is not null))
            return;
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Tried = reconciler.Awaited.IsEmpty ? Task.CompletedTask : first.Task;
        listing = Task.Run(() => ListAsync(reconciler, resync, first, stopping.Token));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await listing;
        stopping.Dispose();
    }

    private async Task ListAsync(Reconciler reconciler, Resync resync, TaskCompletionSource first, CancellationToken cancel)
    {
        try
        {
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                var rejected = await TryAsync(reconciler, resync, cancel);
                first.TrySetResult();
                if (reconciler.Awaited is not { IsEmpty: false } awaited || !awaited.Except(rejected).Any())
                    return; // what was rejected waits for a resync that says the same, or for a person
                LogAwaited(string.Join(", ", awaited));
                await Task.Delay(pause, time, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: this, or the loop before it.
        }
        catch (Exception e)
        {
            LogBug(e);
        }
        finally
        {
            first.TrySetResult();
        }
    }

    /// <summary>Gives the kinds whose list was rejected.</summary>
    private async Task<ImmutableArray<ResourceKind>> TryAsync(Reconciler reconciler, Resync resync, CancellationToken cancel)
    {
        try
        {
            if (!reconciler.Awaited.IsEmpty)
                await environment.CreateAsync(cancel);
            return [.. (await resync.RunAsync(reconciler, confirmed: false, alone: true, cancel)).Suspects.Select(one => one.Kind)];
        }
        catch (StorageUnavailableException e)
        {
            LogStorage(e.Message);
            return [];
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Proxies are left as they are until every kind was listed once. Not listed yet: {Kinds}. Trying again")]
    private partial void LogAwaited(string kinds);

    [LoggerMessage(Level = LogLevel.Error, Message = "The first list failed in a way that it must not")]
    private partial void LogBug(Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Proxies go on with what they have")]
    private partial void LogStorage(string reason);
}
