using System.Globalization;
using System.Runtime.InteropServices;

namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>CPU time as the kernel counts it, which other programs on the machine disturb less than they do the clock.</summary>
public static partial class CpuTime
{
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID, time.h

    /// <summary>What the calling thread has used.</summary>
    public static TimeSpan OfThisThread()
    {
        return clock_gettime(ThreadClock, out var time) == 0
            ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick))
            : throw new InvalidOperationException("the kernel keeps no CPU time of threads");
    }

    /// <summary>What a process has used, all its threads together: to the nanosecond (/proc/PID/task/TID/schedstat) while its threads live.</summary>
    public static TimeSpan Of(int process)
    {
        long nanoseconds = 0;
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            var fields = File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ');
            nanoseconds += long.Parse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    /// <summary>What a process has used, threads that have ended among them, to the hundredth of a second (/proc/PID/stat).</summary>
    public static TimeSpan WithEndedThreads(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (Number(fields[11]) + Number(fields[12])));
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int clock_gettime(int clock, out Timespec time);

    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
