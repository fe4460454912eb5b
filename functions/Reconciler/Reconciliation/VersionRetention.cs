using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Coalescing;
using IngressReconciler.Reports;
using IngressReconciler.Storage;
using IngressReconciler.Versions;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Removes versions, and finding sets, that no longer need to stay: beside the rounds, once for each resync, and only in the instance that
/// has the lease when it begins. Should two ever do so at once, both remove the same. A failure is told by the next resync's report, and
/// the run after it goes on.
/// </summary>
/// <param name="storage">The cluster's state in storage.</param>
/// <param name="policy">What stays.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where it is told.</param>
public sealed partial class VersionRetention(ClusterStorage storage, RetentionPolicy policy, TimeProvider time, ILogger log)
    : IAsyncDisposable
{
    /// <summary>Versions, and finding sets, that one run removes at most.</summary>
    public const int MostAtOnce = 500;

    private const int AtOnce = 8;

    /// <summary>A set that was written so lately may belong to a version that is being sealed.</summary>
    private static readonly TimeSpan SetsStayFor = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private CoalescingWorker? worker;
    private bool due;
    private int removed;
    private string? failure;

    /// <summary>Asks for a run once the lease is ours.</summary>
    public void Ask() => Volatile.Write(ref due, true);

    /// <summary>Begins a run if one is asked for. Called with the lease. Returns at once.</summary>
    public void MayRun()
    {
        if (!Interlocked.Exchange(ref due, false))
            return;
        worker ??= new(RunAsync, LogBug);
        worker.Trigger();
    }

    /// <summary>How many versions were removed since this was last asked, and why no more could be; null when nothing failed.</summary>
    public (int Removed, string? Failure) Take()
    {
        lock (gate)
        {
            var taken = (removed, failure);
            (removed, failure) = (0, null);
            return taken;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>One run; a failure is kept for <see cref="Take"/>.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await RemoveAsync(cancel);
        }
        catch (Exception e) when (e is StorageUnavailableException or InvalidDataException)
        {
            LogFailed(storage.Id, e.Message);
            lock (gate)
                failure = e.Message;
        }
    }

    private async Task RemoveAsync(CancellationToken cancel)
    {
        var head = await new VersionHistory(storage).HeadAsync(cancel);
        if (head.Unknown is { Count: > 0 } unknown)
        {
            throw new InvalidDataException(
                $"the head has fields of a later release ({string.Join(", ", unknown.Keys)}), which may name versions that must stay: "
                + "nothing was removed");
        }

        // In this order: a set that a version refers to which is sealed meanwhile is new in no list of sets.
        var sets = await storage.FindingSets.ListAsync(cancel);
        var listed = await storage.Versions.AllAsync(cancel);
        var versions = listed.Select(one => (one.Number, one.Written, Summary: VersionMetadata.Read(one.Number, one.Metadata))).ToArray();
        var needed = (await RunningAsync(cancel)).Add(head.Version);
        var now = time.GetUtcNow();
        var removable = policy.Removable(
            versions.Select(one => new RetainedVersion(one.Number, one.Summary?.At ?? one.Written, one.Summary?.Base)), needed, now);
        var gone = removable.Take(MostAtOnce).ToHashSet();
        foreach (var some in removable.Take(MostAtOnce).Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(number => storage.Versions.RemoveAsync(number, cancel)));
            lock (gate)
                removed += some.Length;
        }

        if (gone.Count > 0)
            LogRemoved(storage.Id, gone.Count, removable.Length - gone.Count);
        var inUse = versions.Where(one => !gone.Contains(one.Number)).Select(one => one.Summary?.FindingsAt).OfType<string>().ToHashSet();
        var unused = sets.Where(set => !inUse.Contains(set.Name) && now - set.Written > SetsStayFor).Take(MostAtOnce);
        foreach (var some in unused.Chunk(AtOnce))
            await Task.WhenAll(some.Select(set => storage.FindingSets.RemoveAsync(set, cancel)));
    }

    /// <summary>What proxies were last seen to run.</summary>
    private async Task<ImmutableHashSet<int>> RunningAsync(CancellationToken cancel)
    {
        var running = ImmutableHashSet.CreateBuilder<int>();
        foreach (var (name, content) in await storage.Proxies.ReadAllAsync(cancel))
        {
            try
            {
                running.Add(JsonSerializer.Deserialize(content.Span, ReportsJson.Default.ProxyReport)!.Version);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException(
                    $"which version proxy {name} runs cannot be read from its report: nothing was removed", e);
            }
        }

        return running.ToImmutable();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster {Cluster}: retention removed {Removed} versions; {Left} more may go")]
    private partial void LogRemoved(string cluster, int removed, int left);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cluster {Cluster}: old versions stay for now: {Reason}")]
    private partial void LogFailed(string cluster, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Removing old versions failed in a way that it must not")]
    private partial void LogBug(Exception e);
}
