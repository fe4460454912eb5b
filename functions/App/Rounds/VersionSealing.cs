using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Versions;

namespace IngressReconciler.Rounds;

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

    // The findings of the version that we sealed last, and where they are. While that is the next one's parent they stay in storage.
    private Found? last;

    private sealed record Found(int Version, HashSet<Finding> Findings, string? Name);

    /// <summary>The wanted version, as far as is known.</summary>
    public VersionHead Head { get; private set; } = VersionHead.None;

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
    public void Follow(WantedDifference difference)
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
    public async Task<bool> SealAsync(Wanted wanted, JournalPosition position, string cause, CancellationToken cancel)
    {
        while (IsDue)
        {
            var number = Head.Version + 1;
            var full = !parentKnown || Head.SinceFull >= ConfigVersion.FullEvery;
            var (found, keeping) = Keep(number, [.. wanted.Translation.Findings], cancel);
            var version = Version(wanted, position, cause, number, full, found);
            var content = JsonSerializer.SerializeToUtf8Bytes(version, VersionJson.Default.ConfigVersion);
            var next = Head with { Version = number, Hash = hash.Text, SinceFull = full ? 0 : Head.SinceFull + 1 };
            var writing = storage.Versions.TryWriteAsync(number, content, cancel, VersionMetadata.Of(version));
            await Task.WhenAll(keeping, writing);
            var ours = await writing;
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
    /// Writes the findings of the next version, unless its parent has the same: at the same time as the version, which then costs no
    /// call more. The head moves when both are written; a process that is killed before may leave a version without its findings.
    /// </summary>
    private (Found Found, Task Writing) Keep(int number, HashSet<Finding> findings, CancellationToken cancel)
    {
        var parent = last?.Version == Head.Version ? last : null;
        if (parent?.Findings.SetEquals(findings) == true)
            return (parent with { Version = number }, Task.CompletedTask);
        if (findings.Count == 0)
            return (new(number, findings, Name: null), Task.CompletedTask);
        var content = FindingSet.Bytes(FindingsReport.Ordered(findings));
        var name = FindingSet.NameOf(content);
        return (new(number, findings, name), Task.Run(() => storage.FindingSets.WriteAsync(name, content, cancel), cancel));
    }

    private ConfigVersion Version(Wanted wanted, JournalPosition position, string cause, int number, bool full, Found found)
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
            FindingCount = found.Findings.Count,
            FindingsAt = found.Name,
        };
    }

    private void Take(HeadState? state)
    {
        head = state;
        Head = state is null ? VersionHead.None : JsonSerializer.Deserialize(state.Content.Span, VersionJson.Default.VersionHead)!;
    }
}
