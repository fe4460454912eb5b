using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace IngressReconciler.Simulation.Time;

/// <summary>What happened, in order, as a hash: two runs of a seed have the same. The last lines are kept.</summary>
/// <param name="shown">Where each line is shown; null for nowhere.</param>
public sealed class Trace(Action<string>? shown)
{
    private const int Kept = 60;

    private readonly Queue<(long Ticks, string Line)> last = new(Kept);
    private readonly XxHash64 hash = new();

    /// <summary>The hash of all lines so far.</summary>
    public ulong Hash => hash.GetCurrentHashAsUInt64();

    /// <summary>The last lines.</summary>
    public IEnumerable<string> Last => last.Select(one => Text(one.Ticks, one.Line));

    /// <summary>Whether lines are shown.</summary>
    public bool IsShown => shown is not null;

    /// <summary>Shows a line that is no part of the trace.</summary>
    public void Show(long ticks, string line) => shown?.Invoke(Text(ticks, line));

    /// <summary>Adds a line.</summary>
    public void Add(long ticks, string line)
    {
        hash.Append(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref ticks, 1)));
        hash.Append(MemoryMarshal.AsBytes(line.AsSpan()));
        if (last.Count == Kept)
            last.Dequeue();
        last.Enqueue((ticks, line));
        shown?.Invoke(Text(ticks, line));
    }

    private static string Text(long ticks, string line) =>
        string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.FromTicks(ticks).TotalSeconds,10:0.0000} {line}");
}
