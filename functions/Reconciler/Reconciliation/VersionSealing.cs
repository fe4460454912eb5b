using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Versions;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Seals a routing model as the next version when it is another than the wanted one. Only the holder of the lease seals; should two ever do so
/// at once, the head's ETag lets one win.
/// </summary>
public sealed class VersionSealing(ClusterStorage storage, TimeProvider time)
{
    private readonly HashSet<HostKey> unsealed = [];
    private ModelHash hash = ModelHash.Of(RoutingModel.Empty);
    private HeadState? head;
    private bool parentKnown;

    // The findings of the version that we sealed last, and the set that has them. While that is the next one's parent it stays in storage.
    private Found? last;

    private sealed record Found(int Version, Dictionary<Finding, string> Digests, string? Name);

    /// <summary>The wanted version, as far as is known.</summary>
    public VersionHead Head { get; private set; } = VersionHead.None;

    /// <summary>The write of the last version's findings.</summary>
    public Task Kept { get; private set; } = Task.CompletedTask;

    /// <summary>Whether the model is another than the wanted version's.</summary>
    public bool IsDue => hash.Text != Head.Hash;

    /// <summary>Takes a model that was made from nothing: how it differs from the wanted version is not known.</summary>
    public void Begin(RoutingModel model)
    {
        hash = ModelHash.Of(model);
        parentKnown = false;
        unsealed.Clear();
    }

    /// <summary>Notes what changed in the model.</summary>
    public void Follow(DesiredDifference difference)
    {
        if (difference.Settings is { } settings)
            hash = hash.With(settings);
        if (difference.Hosts.IsEmpty)
            return;
        hash = hash.After(difference.Hosts);
        unsealed.UnionWith(difference.Hosts.Select(host => host.Host));
    }

    /// <summary>Reads which version is wanted, in case another instance has sealed one.</summary>
    public async Task ReadHeadAsync(CancellationToken cancel) => Take(await storage.Head.ReadAsync(head, cancel));

    /// <summary>Seals the model; false when the wanted version is just that.</summary>
    public async Task<bool> SealAsync(DesiredState wanted, JournalPosition position, string cause, CancellationToken cancel)
    {
        while (IsDue)
        {
            await KeptAsync();
            var number = Head.Version + 1;
            var full = !parentKnown || Head.SinceFull >= ConfigVersion.FullEvery;
            var found = Keep(number, wanted.Translation.Findings);
            var version = Version(wanted, position, cause, number, full, found);
            var content = JsonSerializer.SerializeToUtf8Bytes(version, VersionJson.Default.ConfigVersion);
            var next = Head with { Version = number, Hash = hash.Text, SinceFull = full ? 0 : Head.SinceFull + 1 };
            var ours = await storage.Versions.TryWriteAsync(number, content, cancel, VersionMetadata.Of(version));
            if (!ours)
            {
                next = await AdoptAsync(number, cancel);
                parentKnown = false;
            }

            var move = await storage.Head.MoveAsync(head, JsonSerializer.SerializeToUtf8Bytes(next, VersionJson.Default.VersionHead), cancel);
            Take(move.State);
            if (move.Moved && ours)
            {
                last = found;
                parentKnown = true;
                unsealed.Clear();
                return true;
            }
        }

        parentKnown = true;
        unsealed.Clear();
        return false;
    }

    /// <summary>Somebody sealed this number and died before it became the wanted one. It is part of the history: the head passes over it.</summary>
    private async Task<VersionHead> AdoptAsync(int number, CancellationToken cancel)
    {
        var content = await storage.Versions.ReadAsync(number, cancel) ?? throw new InvalidOperationException($"version {number} is there and cannot be read");
        var version = JsonSerializer.Deserialize(content.Span, VersionJson.Default.ConfigVersion)!;
        return Head with { Version = number, Hash = version.Hash, SinceFull = version.Full ? 0 : Head.SinceFull + 1 };
    }

    /// <summary>
    /// Begins to write the findings of the next version, unless its parent has the same. Nothing that is pushed waits for it; where it is
    /// killed, the version is without them, and says so when it is read.
    /// </summary>
    private Found Keep(int number, IEnumerable<Finding> findings)
    {
        var known = last?.Digests;
        var digests = new Dictionary<Finding, string>();
        foreach (var one in findings)
            digests[one] = known?.GetValueOrDefault(one) ?? FindingSet.DigestOf(one);
        if (last?.Version == Head.Version && last.Digests.Count == digests.Count && digests.Keys.All(last.Digests.ContainsKey))
            return last with { Version = number };
        if (digests.Count == 0)
            return new(number, digests, Name: null);
        var name = FindingSet.NameOf(digests.Values);
        Kept = Task.Run(() => storage.FindingSets.WriteAsync(
            name, FindingSet.Bytes(FindingsReport.Ordered(digests.Keys)), CancellationToken.None));
        return new(number, digests, name);
    }

    /// <summary>
    /// Waits for the set before: one is written at a time. An outage comes up here; the next version then writes its set in any case.
    /// </summary>
    private async Task KeptAsync()
    {
        var before = Kept;
        Kept = Task.CompletedTask;
        try
        {
            await before;
        }
        catch
        {
            last = null;
            throw;
        }
    }

    private ConfigVersion Version(DesiredState wanted, JournalPosition position, string cause, int number, bool full, Found found)
    {
        var hosts = full ? wanted.Model.Hosts.Keys : unsealed;
        return new()
        {
            Format = ConfigVersion.Newest,
            Number = number,
            Parent = Head.Version,
            Base = full ? number : Head.Version - Head.SinceFull,
            Full = full,
            Hash = hash.Text,
            At = time.GetUtcNow(),
            Position = position.ToString(),
            Cause = cause,
            HostCount = wanted.Model.Hosts.Count,
            Settings = wanted.Model.Settings,
            Hosts = hosts.ToImmutableSortedDictionary(host => host.ToString(), host => wanted.Model.Hosts.GetValueOrDefault(host), StringComparer.Ordinal),
            FindingCount = found.Digests.Count,
            FindingsAt = found.Name,
        };
    }

    private void Take(HeadState? state)
    {
        head = state;
        Head = state is null ? VersionHead.None : JsonSerializer.Deserialize(state.Content.Span, VersionJson.Default.VersionHead)!;
    }
}
