using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>
/// Follows the journal by itself, as storage has it: what was appended, where, and what follows from it at every position. Positions have
/// to follow each other.
/// </summary>
public sealed class JournalOracle
{
    private readonly World world;
    private readonly Surroundings surroundings;
    private readonly Dictionary<string, (DesiredState Desired, HAProxyConfig Config)> at = new(StringComparer.Ordinal);
    private readonly string folder = $"clusters/{Surroundings.ClusterId}/journal/";
    private readonly Dictionary<string, JournalPosition> gone = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, (long Version, bool IsThere)> known = [];
    private JournalPosition end = JournalPosition.Start;

    /// <summary>Begins at an empty journal.</summary>
    public JournalOracle(Surroundings surroundings)
    {
        (world, this.surroundings) = (surroundings.World, surroundings);
        Desired = DesiredState.Of(ClusterState.Empty, surroundings.Routing);
        Configs = Desired.CompiledForEach();
        at[$"{end}"] = (Desired, (HAProxyConfig)Configs.Ingress);
        surroundings.Blobs.Appended = Take;
    }

    /// <summary>What follows from all of it.</summary>
    public DesiredState Desired { get; private set; }

    /// <summary>What proxies should run then.</summary>
    public ProxyConfigs Configs { get; private set; }

    /// <summary>Where it ends.</summary>
    public JournalPosition End => end;

    /// <summary>What follows from it up to a position; null for a position that it never had.</summary>
    public (DesiredState Desired, HAProxyConfig Config)? At(string position) => at.TryGetValue(position, out var found) ? found : null;

    /// <summary>Whether an address was in an EndpointSlice once, and in none any more by a position.</summary>
    public bool WasGone(string address, JournalPosition by) => gone.TryGetValue(address, out var since) && since <= by;

    private void Take(string blob, byte[] line)
    {
        if (!blob.StartsWith(folder, StringComparison.Ordinal))
            return;
        var segment = int.Parse(blob[folder.Length..], CultureInfo.InvariantCulture);
        var start = new JournalPosition(segment, surroundings.Blobs.Blobs[blob].Content.Length - line.Length);
        if (start != end)
            world.Fail("the journal has one order", $"a line was appended at {start}, and the journal ended at {end}");
        if (line.AsSpan().StartsWith("{\"rotate\":"u8))
        {
            end = new(segment + 1, 0);
        }
        else
        {
            end = start with { Offset = start.Offset + line.Length };
            var batch = JournalReading.Read(line);
            var (next, difference) = Desired.After(batch.Changes, batch.At);
            (Configs, _) = Configs.After(next, difference);
            foreach (var change in batch.Changes.Where(change => change.Key.Kind == ResourceKind.EndpointSlice))
            {
                foreach (var address in SimulatedCluster.Addresses(Desired.Cluster.Resources.GetValueOrDefault(change.Key)))
                    gone[address] = end;
                foreach (var address in SimulatedCluster.Addresses(next.Cluster.Resources.GetValueOrDefault(change.Key)))
                    gone.Remove(address);
            }

            Desired = next;
            Follow(batch.Changes);
            world.Note($"journal {end}: {string.Join(", ", batch.Changes.Select(Describe))}");
        }

        at[$"{end}"] = (Desired, (HAProxyConfig)Configs.Ingress);
    }

    /// <summary>An event that is older than what is known of its object changes nothing.</summary>
    private void Follow(ImmutableArray<ResourceChange> changes)
    {
        if (surroundings.History != ClusterHistories.One)
            return;
        foreach (var change in changes.Where(change => change.Key.Kind != ResourceKind.ClusterHistory))
        {
            // A list says how long an object was there still; it may also prove a version wrong.
            var version = long.Parse((change as Applied)?.SeenAt ?? change.ResourceVersion, CultureInfo.InvariantCulture);
            if (!known.TryGetValue(change.Key, out var before) || version > before.Version || change.Replaces is not null)
                known[change.Key] = (version, change is Applied);
        }

        foreach (var change in changes)
        {
            if (known.TryGetValue(change.Key, out var last) && Desired.Cluster.Resources.ContainsKey(change.Key) != last.IsThere)
                world.Fail("an old event changes nothing", $"{Describe(change)} came after {last.Version}, and changed what there is");
        }
    }

    private static string Describe(ResourceChange change) =>
        $"{(change is Applied ? "" : "no ")}{change.Key} {change.ResourceVersion}{(change.Replaces is { } old ? $" for {old}" : "")}";
}
