using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;

namespace IngressReconciler.ManifestFolders;

/// <summary>
/// Watches a manifest folder and publishes an event for each object that appeared, changed or vanished: the local counterpart of the
/// relay. At its start it publishes every object, as a list before a watch does, and tells what vanished while it was not running.
/// </summary>
/// <param name="folder">The folder.</param>
/// <param name="cluster">The cluster's id, for the events' source.</param>
/// <param name="publisher">Where events go.</param>
/// <param name="log">Publications and problems, each problem once.</param>
/// <param name="clock">For waits and the events' time.</param>
public sealed class ManifestWatcher(ManifestFolder folder, string cluster, EventPublisher publisher, ILogger log, TimeProvider clock) : IDisposable
{
    // Where a file system tells of no changes (network shares), this is the only look there is.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, bool> touched = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim signal = new(0, 1);
    private readonly HashSet<string> reported = new(StringComparer.Ordinal);
    private ManifestIndex index = ManifestIndex.Empty;
    private IReadOnlyList<ManifestObject>? published;

    /// <summary>Watches until cancelled.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not there at the start.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!Directory.Exists(folder.Path))
            throw new DirectoryNotFoundException($"{folder.Path}: no such folder");
        using var watcher = Watch();
        index = ManifestIndex.Load(folder.IndexFile);
        var first = true;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var wait = await LookAsync(first, cancel) ?? LongestSleep;
                first = false;
                await signal.WaitAsync(wait, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (IOException exception)
            {
                // A folder that is gone is an outage: nothing is told as deleted.
                ReportOnce(exception.Message);
                await Task.Delay(OutageWait, clock, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<TimeSpan?> LookAsync(bool everything, CancellationToken cancel)
    {
        var names = touched.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var name in names)
            touched.TryRemove(name, out _);
        var reading = folder.Look(names);
        reported.IntersectWith(reading.Problems);
        foreach (var problem in reading.Problems)
            ReportOnce(problem);

        // The first list waits until it is whole, or half a file would tell as deleted what the last run knew.
        if (everything && reading.LookAgain is { } patience)
        {
            await Task.Delay(patience, clock, cancel);
            return await LookAsync(everything, cancel);
        }
        if (ReferenceEquals(reading.Objects, published))
            return reading.LookAgain;
        var diff = ManifestDiff.Between(index.Entries, index.Highest, reading.Objects, clock.GetUtcNow());
        var applied = everything ? diff.Objects : diff.Applied;
        if (diff.Applied.Count > 0 || diff.Deleted.Count > 0)
        {
            index = new(diff.Entries, diff.Highest);
            index.Save(folder.IndexFile);
        }
        if (applied.Count > 0 || diff.Deleted.Count > 0)
            await PublishAsync([.. applied.Select(diff.ToJson)], diff.Deleted, cancel);
        published = reading.Objects;
        return reading.LookAgain;
    }

    private async Task PublishAsync(IReadOnlyList<JsonObject> applied, IReadOnlyList<JsonObject> deleted, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var events = applied.Select(one => Applied(one, now))
            .Concat(deleted.Select(one => ObjectEvents.Write(ClusterEvent.DeletedType, cluster, one, now)))
            .ToList();
        while (true)
        {
            try
            {
                await publisher.PublishAsync(events, cancel);
                ManifestLog.Published(log, applied.Count, deleted.Count, folder.Path);
                return;
            }
            catch (SinkException exception)
            {
                ManifestLog.PublishFailed(log, OutageWait.TotalSeconds, exception.Message);
                await Task.Delay(OutageWait, clock, cancel);
            }
        }
    }

    /// <summary>An object that is too large for an event is only named: the function reads it from the folder for itself.</summary>
    private byte[] Applied(JsonObject one, DateTimeOffset now)
    {
        var encoded = ObjectEvents.Write(ClusterEvent.AppliedType, cluster, one, now);
        return encoded.Length + 2 <= EventPublisher.SizeLimit
            ? encoded
            : ObjectEvents.Write(ClusterEvent.ReferencedType, cluster, ObjectEvents.Named(one), now);
    }

    private FileSystemWatcher Watch()
    {
        var watcher = new FileSystemWatcher(folder.Path)
        {
            IncludeSubdirectories = true,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
            InternalBufferSize = 64 * 1024,
        };
        watcher.Changed += (_, change) =>
        {
            if (ManifestFolder.Matters(change.FullPath))
                Touch(change.FullPath);
        };
        watcher.Created += (_, change) => Touch(change.FullPath);
        watcher.Deleted += (_, change) => Touch(change.FullPath);
        watcher.Renamed += (_, change) => Touch(change.FullPath);
        watcher.Error += (_, error) =>
        {
            ManifestLog.WatchOverflow(log, error.GetException().Message);
            Wake();
        };
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    private void Touch(string file)
    {
        touched[file] = true;
        Wake();
    }

    private void Wake()
    {
        try
        {
            signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // A look is due already, and takes this change with it.
        }
    }

    private void ReportOnce(string problem)
    {
        if (reported.Add(problem))
            ManifestLog.ManifestProblem(log, problem);
    }

    /// <summary>Frees what waiting needs; call it after <see cref="RunAsync"/> has ended.</summary>
    public void Dispose() => signal.Dispose();
}
