using System.Globalization;

namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>Memory of processes.</summary>
public static class Memory
{
    /// <summary>Resident bytes of a process now, and the most it ever had (/proc/PID/status).</summary>
    public static (long Now, long Peak) Of(int process)
    {
        var lines = File.ReadAllLines($"/proc/{process}/status");
        return (Read(lines, "VmRSS:"), Read(lines, "VmHWM:"));
    }

    /// <summary>Bytes of live managed objects of this process.</summary>
    public static long Managed()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static long Read(string[] lines, string name)
    {
        var line = lines.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(name.Length, line.Length - name.Length - " kB".Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
