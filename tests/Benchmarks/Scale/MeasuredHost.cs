using System.Globalization;
using System.Text.Json;
using IngressReconciler.Benchmarks.Measuring;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Versions;

namespace IngressReconciler.Benchmarks.Scale;

/// <summary>A host with many routes, of which one is changed again and again, each stage timed.</summary>
internal sealed class MeasuredHost
{
    /// <summary>The stages of one route's change.</summary>
    public static readonly IReadOnlyList<string> Stages = ["parse", "apply to compile", "scope", "plan", "seal", "only translate"];

    private const string Host = "shared.bench.example.com";
    private readonly SyntheticCluster cluster = new(10, ScaleBenchmark.Endpoints);
    private readonly List<double>[] stages = [.. Stages.Select(_ => new List<double>())];
    private readonly List<double> allocated = [];
    private ModelHash hash;
    private DesiredState wanted;
    private HAProxyConfig config;
    private int change;

    /// <summary>A host with this many routes.</summary>
    /// <param name="routes">How many.</param>
    /// <param name="each">How many of them one Ingress has; the one that changes has one.</param>
    public MeasuredHost(int routes, int each)
    {
        wanted = MeasuredCluster.Build([.. cluster.Events(), .. Enumerable.Range(0, routes).Chunk(each).Select(Part)]);
        config = wanted.Compiled();
        hash = ModelHash.Of(wanted.Model);

        byte[] Part(int[] numbers) =>
            cluster.Ingress(1 + numbers[0], Host, numbers.Select(number => string.Create(CultureInfo.InvariantCulture, $"/part-{number}")));
    }

    /// <summary>Microseconds of one change up to the host's difference.</summary>
    public double Translation => Medians.ElementAt(5);

    /// <summary>Microseconds of one change, from its event to its plan; without the version, whose format has each host whole.</summary>
    public double ToPlan => Medians.Take(4).Sum();

    /// <summary>Microseconds of each stage.</summary>
    public IEnumerable<double> Medians => stages.Select(samples => new Distribution(samples).Median);

    /// <summary>Kilobytes allocated by the translation of one change.</summary>
    public double AllocatedKilobytes => new Distribution(allocated).Median;

    /// <summary>Gives one Ingress of one path another path, many times.</summary>
    public void Change(int count, bool keep)
    {
        Span<TimeSpan> spent = stackalloc TimeSpan[Stages.Count];
        var bytes = Translate(10 * count, ref spent[5]) / 10;
        spent[5] /= 10;
        for (var i = 0; i < count; i++)
            OneChange(Next(), spent);
        Seal(count, ref spent[4]);
        if (!keep)
            return;
        for (var i = 0; i < spent.Length; i++)
            stages[i].Add(spent[i].TotalMicroseconds / count);
        allocated.Add(bytes / 1e3 / count);
    }

    private byte[] Next() => cluster.Ingress(0, Host, [string.Create(CultureInfo.InvariantCulture, $"/moved-{change++}")]);

    /// <summary>Apart from the others, which would leave the processor's caches full of what they look at.</summary>
    private long Translate(int count, ref TimeSpan spent)
    {
        long bytes = 0;
        var (state, translation) = (wanted.Cluster, wanted.Translation);
        for (var i = 0; i < count; i++)
        {
            (state, var differences) = state.Apply([SyntheticCluster.Read(Next())], DateTimeOffset.UnixEpoch);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var at = CpuTime.OfThisThread();
            (translation, _) = translation.Advance(state, differences);
            Lap(ref at, ref spent);
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return bytes;
    }

    private void OneChange(byte[] json, Span<TimeSpan> spent)
    {
        var before = config;
        var at = CpuTime.OfThisThread();
        var read = SyntheticCluster.Read(json);
        Lap(ref at, ref spent[0]);
        (wanted, var difference) = wanted.After([read], DateTimeOffset.UnixEpoch);
        (config, var changed) = HAProxyCompiler.Advance(config, wanted, difference);
        Lap(ref at, ref spent[1]);
        var scope = new PlanScope { Version = true };
        scope.Add(changed);
        var reading = new HAProxyStateReading(scope);
        Lap(ref at, ref spent[2]);
        var was = StandInProxy.Replies(reading.Commands, before, change, scope);
        at = CpuTime.OfThisThread();
        var plan = HAProxyPlanner.Plan(config, change + 1, reading.Read(was), scope);
        Lap(ref at, ref spent[3]);
        if (plan.Switch.IsEmpty)
            throw new InvalidOperationException("a route's change made no step");
    }

    /// <summary>Apart from the others, too: it looks at all of the host.</summary>
    private void Seal(int count, ref TimeSpan spent)
    {
        for (var i = 0; i < count; i++)
        {
            (wanted, var difference) = wanted.After([SyntheticCluster.Read(Next())], DateTimeOffset.UnixEpoch);
            (config, _) = HAProxyCompiler.Advance(config, wanted, difference);
            var at = CpuTime.OfThisThread();
            hash = hash.After(difference.Hosts);
            JsonSerializer.SerializeToUtf8Bytes(difference.Hosts[0].After!, VersionJson.Default.HostRoutes);
            Lap(ref at, ref spent);
        }
    }

    private static void Lap(ref TimeSpan at, ref TimeSpan sum)
    {
        var now = CpuTime.OfThisThread();
        sum += now - at;
        at = now;
    }
}
