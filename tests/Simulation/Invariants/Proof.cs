using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Reports;
using IngressReconciler.Simulation.TextProxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Tests.Harness.Simulated;
using IngressReconciler.Workers;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>
/// When an instance says that a proxy runs what follows from a journal position, it does at that moment: the routes are those, and no
/// server of a pod is in use that was gone by then.
/// </summary>
/// <param name="surroundings">The run.</param>
/// <param name="journal">The journal.</param>
public sealed class Proof(Surroundings surroundings, JournalOracle journal)
{
    private readonly World world = surroundings.World;
    private readonly Dictionary<ProxyWorker, ProxyReport> seen = [];

    /// <summary>Looks at what an instance says now.</summary>
    public void Look(Instance instance)
    {
        foreach (var worker in instance.Reconciler.Workers)
        {
            var report = worker.Report;
            if (seen.GetValueOrDefault(worker) is { } before && ReferenceEquals(before, report))
                continue;
            seen[worker] = report;
            if (report.Running)
                Check(instance, report);
        }
    }

    private void Check(Instance instance, ProxyReport report)
    {
        if (surroundings.TextHosts.FirstOrDefault(host => host.Name == report.Name) is { } text)
        {
            CheckText(instance, report, text);
            return;
        }

        if (surroundings.Host(report.Name).Process is not { } process || $"{process.Pid}" != report.Process?.Id)
            return;
        world.Note($"{instance.Name} says that {report.Name} runs {report.Position} version {report.Version}");
        if (journal.At(report.Position) is not var (wanted, config))
        {
            world.Fail("proof", $"{instance.Name} says that {report.Name} runs {report.Position}, which is no position of the journal");
            return;
        }

        // Parts that it refuses are told with the report.
        if (report.Trouble is not null)
            return;
        Routes(instance, report, process, config);
        Servers(instance, report, process, wanted.Cluster);
    }

    private void CheckText(Instance instance, ProxyReport report, TextHost host)
    {
        if (host.Stored is not { } stored || stored.Boot != report.Process?.Id)
            return;
        world.Note($"{instance.Name} says that {report.Name} runs {report.Position} version {report.Version}");
        if (journal.At(report.Position) is not var (desired, _))
            world.Fail("proof", $"{instance.Name} says that {report.Name} runs {report.Position}, which is no position of the journal");
        else if (!Routes(stored.Text).SequenceEqual(Routes(TextConfig.Of(desired).Text(report.Version))))
            world.Fail("proof", $"{instance.Name} says that {report.Name} runs {report.Position}, and it routes otherwise");
        else if (Gone(stored.Text, report) is { } address)
            world.Fail("no request to a pod that is gone", $"{report.Name} runs {report.Position}, and sends requests to {address}");

        // Endpoints may be ahead of the position, routes may not.
        static IEnumerable<string> Routes(string text) =>
            text.Split('\n').Where(line => !line.StartsWith(TextConfig.Upstream, StringComparison.Ordinal));
    }

    private string? Gone(string text, ProxyReport report)
    {
        if (surroundings.History != ClusterHistories.One)
            return null;
        _ = JournalPosition.TryParse(report.Position, out var position);
        return text.Split('\n').Where(line => line.StartsWith(TextConfig.Upstream, StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')).Where(place => place.Contains(':', StringComparison.Ordinal) && !place.EndsWith('-'))
            .Select(place => place[..place.LastIndexOf(':')]).FirstOrDefault(address => journal.WasGone(address, position));
    }

    private void Routes(Instance instance, ProxyReport report, SimulatedHAProxy process, HAProxyConfig config)
    {
        var actual = process.Routes.Entries.Where(one => one.Key != HAProxyRoutes.VersionKey).ToArray();
        foreach (var (key, value) in actual)
        {
            if (config.Routes.GetValueOrDefault(key) != value)
                Wrong($"it leads {key} to {value} and not to {config.Routes.GetValueOrDefault(key) ?? "nothing"}");
        }

        foreach (var (key, value) in config.Routes.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            if (!actual.Any(one => one.Key == key))
                Wrong($"it has not {key} to {value}");
        }

        void Wrong(string what) =>
            world.Fail("proof", $"{instance.Name} says that {report.Name} runs {report.Position}, but {what}");
    }

    private void Servers(Instance instance, ProxyReport report, SimulatedHAProxy process, ClusterState known)
    {
        // A late event of a history that is no more may be newer than all there is; a list puts that right.
        if (surroundings.History != ClusterHistories.One)
            return;
        _ = JournalPosition.TryParse(report.Position, out var position);
        foreach (var server in process.Backends.SelectMany(one => one.Servers).Where(one => one.IsReady))
        {
            if (journal.WasGone(server.Address, position) || IsGone(server.Address, known))
            {
                world.Fail(
                    "no request to a pod that is gone",
                    $"{instance.Name} says that {report.Name} runs {report.Position}, but it sends requests to {server.Name}");
            }
        }
    }

    /// <summary>Whether what is known of its EndpointSlice is not older than the pod's end.</summary>
    private bool IsGone(string address, ClusterState known) =>
        surroundings.Cluster.Gone.TryGetValue(address, out var gone)
        && known.VersionOf(gone.Slice) is { } version
        && long.Parse(version, CultureInfo.InvariantCulture) >= gone.Version;
}
