using System.Collections.Immutable;
using System.Text.Json;
using IngressReconciler.Benchmarks.Measuring;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Versions;

namespace IngressReconciler.Benchmarks.Scale;

/// <summary>A cluster's state, changed again and again, each stage timed.</summary>
internal sealed class MeasuredCluster
{
    /// <summary>The stages of one endpoint's change.</summary>
    public static readonly IReadOnlyList<string> Stages =
        ["parse", "apply, resolve and compile", "scope and ask", "read and plan", "render", "read back and plan"];

    private readonly SyntheticCluster cluster;
    private readonly Random random = new(1);
    private readonly int[][] pods;
    private readonly byte[][] events;
    private readonly List<double> coldBuilds = [];
    private readonly List<double> endpointChanges = [];
    private readonly List<double> routeChanges = [];
    private readonly List<double>[] stages = [.. Stages.Select(_ => new List<double>())];
    private ModelHash hash;
    private DesiredState wanted;
    private HAProxyConfig config;
    private Dictionary<Finding, string> told = [];
    private string? toldAt;
    private int version = 1;
    private int route;

    public MeasuredCluster(SyntheticCluster cluster)
    {
        this.cluster = cluster;
        pods = [.. Enumerable.Range(0, cluster.Services).Select(cluster.Pods)];
        Build(new SyntheticCluster(100, 10));
        events = [.. cluster.Events()];
        wanted = Build(events);
        config = wanted.Compiled();
        hash = ModelHash.Of(wanted.Model);
    }

    /// <summary>Milliseconds from all events to all that is wanted.</summary>
    public Distribution ColdBuild => new(coldBuilds);

    /// <summary>Microseconds of one change, each sample the mean of a batch.</summary>
    public Distribution EndpointChange => new(endpointChanges);

    /// <summary>Microseconds of one change, each sample the mean of a batch.</summary>
    public Distribution RouteChange => new(routeChanges);

    /// <summary>Microseconds of each stage of an endpoint's change.</summary>
    public IEnumerable<double> StageMedians => stages.Select(samples => new Distribution(samples).Median);

    /// <summary>What a cluster asks for.</summary>
    public static DesiredState Build(SyntheticCluster cluster) => Build(cluster.Events());

    /// <summary>Builds all that is wanted from nothing, some times.</summary>
    public void BuildCold(int times)
    {
        for (; times > 0; times--)
        {
            var started = CpuTime.OfThisThread();
            Build(events).Compiled();
            coldBuilds.Add((CpuTime.OfThisThread() - started).TotalMilliseconds);
        }
    }

    /// <summary>Replaces one pod of a random Service, many times.</summary>
    public void ChangeEndpoints(int count, bool keep)
    {
        var events = Enumerable.Range(0, count).Select(_ =>
        {
            var service = random.Next(cluster.Services);
            pods[service] = [.. pods[service][1..], cluster.NewPod() % 1_000_000];
            return cluster.Slice(service, pods[service]);
        }).ToArray();
        Span<TimeSpan> spent = stackalloc TimeSpan[Stages.Count];
        foreach (var json in events)
            OneChange(json, spent);
        if (!keep)
            return;
        var total = TimeSpan.Zero;
        for (var i = 0; i < spent.Length; i++)
        {
            stages[i].Add(spent[i].TotalMicroseconds / count);
            total += spent[i];
        }

        endpointChanges.Add(total.TotalMicroseconds / count);
    }

    /// <summary>Adds a path to a random host, many times.</summary>
    public void ChangeRoutes(int count, bool keep)
    {
        var events = Enumerable.Range(0, count).Select(_ => cluster.Ingress(random.Next(cluster.Services), $"/offer-{route++}")).ToArray();
        var spent = TimeSpan.Zero;
        Span<TimeSpan> unused = stackalloc TimeSpan[Stages.Count];
        foreach (var json in events)
        {
            OneChange(json, unused);
            foreach (var stage in unused)
                spent += stage;
            unused.Clear();
        }

        if (keep)
            routeChanges.Add(spent.TotalMicroseconds / count);
    }

    /// <summary>What a cluster with these objects asks for.</summary>
    public static DesiredState Build(IEnumerable<byte[]> events)
    {
        var (state, _) = ClusterState.Empty.Apply(events.Select(SyntheticCluster.Read), DateTimeOffset.UnixEpoch);
        return DesiredState.Of(state, new RoutingOptions { AllowLoopbackEndpoints = true });
    }

    private void OneChange(byte[] json, Span<TimeSpan> spent)
    {
        var before = config;
        var at = CpuTime.OfThisThread();
        var change = SyntheticCluster.Read(json);
        Lap(ref at, ref spent[0]);
        (wanted, var difference) = wanted.After([change], DateTimeOffset.UnixEpoch);
        if (!difference.Hosts.IsEmpty)
            Seal(difference.Hosts);
        (config, var changed) = HAProxyCompiler.Advance(config, wanted, difference);
        Lap(ref at, ref spent[1]);
        var scope = new PlanScope { Version = true };
        scope.Add(changed);
        var reading = new HAProxyStateReading(scope);
        var foreseen = HAProxyPlanner.Foresee(config, scope).Select(HAProxyCommands.Of).ToArray();
        Lap(ref at, ref spent[2]);
        var was = StandInProxy.Replies(reading.Commands, before, difference.Hosts.IsEmpty ? version : version - 1, scope);
        at = CpuTime.OfThisThread();
        var plan = HAProxyPlanner.Plan(config, version, reading.Read(was), scope);
        Lap(ref at, ref spent[3]);
        var commands = plan.Steps.Select(HAProxyCommands.Of).ToArray();
        Lap(ref at, ref spent[4]);
        var now = StandInProxy.Replies(reading.Commands, config, version, scope);
        at = CpuTime.OfThisThread();
        var left = HAProxyPlanner.Plan(config, version, reading.Read(now), scope);
        Lap(ref at, ref spent[5]);
        if (commands.Length == 0 || foreseen.Length > commands.Length || !left.IsEmpty)
            throw new InvalidOperationException($"a change made {commands.Length} commands and left {left.Steps.Count()} steps");
    }

    /// <summary>As VersionSealing does.</summary>
    private void Seal(ImmutableArray<HostDifference> hosts)
    {
        hash = hash.After(hosts);
        version++;
        var findings = wanted.Translation.Findings.Distinct()
            .ToDictionary(one => one, one => told.GetValueOrDefault(one) ?? FindingSet.DigestOf(one));
        if (findings.Count != told.Count || !findings.Keys.All(told.ContainsKey))
            toldAt = FindingSet.NameOf(findings.Values);
        var sealedVersion = new ConfigVersion
        {
            Number = version,
            Parent = version - 1,
            Full = false,
            Hash = hash.Text,
            At = DateTimeOffset.UnixEpoch,
            Position = "0-0",
            Cause = "Ingress applied",
            HostCount = wanted.Model.Hosts.Count,
            Settings = wanted.Model.Settings,
            Hosts = hosts.ToImmutableSortedDictionary(host => host.Host.ToString(), host => host.After, StringComparer.Ordinal),
            FindingCount = findings.Count,
            FindingsAt = toldAt,
        };
        told = findings;
        JsonSerializer.SerializeToUtf8Bytes(sealedVersion, VersionJson.Default.ConfigVersion);
    }

    private static void Lap(ref TimeSpan at, ref TimeSpan sum)
    {
        var now = CpuTime.OfThisThread();
        sum += now - at;
        at = now;
    }
}
