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

    // The findings of the version that we sealed last. Only if that is the next one's parent is what differs known.
    private (int Version, HashSet<Finding> Findings)? last;

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
            var number = Head.Version + 1;
            var full = !parentKnown || Head.SinceFull >= ConfigVersion.FullEvery;
            HashSet<Finding> findings = [.. wanted.Translation.Findings];
            var version = Version(wanted, position, cause, number, full, findings);
            var content = JsonSerializer.SerializeToUtf8Bytes(version, VersionJson.Default.ConfigVersion);
            var next = Head with { Version = number, Hash = hash.Text, SinceFull = full ? 0 : Head.SinceFull + 1 };
            var ours = await storage.Versions.TryWriteAsync(number, content, cancel);
            if (!ours)
            {
                next = await AdoptAsync(number, cancel);
                parentKnown = false;
            }

            var move = await storage.Head.MoveAsync(head, JsonSerializer.SerializeToUtf8Bytes(next, VersionJson.Default.VersionHead), cancel);
            Take(move.State);
            if (move.Moved && ours)
            {
                last = (number, findings);
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

    private ConfigVersion Version(DesiredState wanted, JournalPosition position, string cause, int number, bool full, HashSet<Finding> findings)
    {
        var hosts = full ? wanted.Model.Hosts.Keys : unsealed;
        var parent = !full && last?.Version == Head.Version ? last.Value.Findings : null;
        return new()
        {
            Format = ConfigVersion.Newest,
            Number = number,
            Parent = Head.Version,
            Full = full,
            Hash = hash.Text,
            At = time.GetUtcNow(),
            Position = position.ToString(),
            Cause = cause,
            HostCount = wanted.Model.Hosts.Count,
            Settings = wanted.Model.Settings,
            Hosts = hosts.ToImmutableSortedDictionary(host => host.ToString(), host => wanted.Model.Hosts.GetValueOrDefault(host), StringComparer.Ordinal),
            FindingCount = findings.Count,
            Findings = FindingsReport.Ordered(parent is null ? findings : findings.Except(parent)).ToValueList(),
            FindingsGone = parent is null ? null : FindingsReport.Ordered(parent.Except(findings)).ToValueList(),
        };
    }

    private void Take(HeadState? state)
    {
        head = state;
        Head = state is null ? VersionHead.None : JsonSerializer.Deserialize(state.Content.Span, VersionJson.Default.VersionHead)!;
    }
}
