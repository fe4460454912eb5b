using System.Diagnostics;
using System.Globalization;
using IngressReconciler.Local;

namespace IngressReconciler.Tests.Harness;

/// <summary>
/// A program that runs beside us and writes to a file. It ends when we do, however that happens: on Linux the kernel kills it (prctl(2),
/// <c>PR_SET_PDEATHSIG</c>, set by setpriv(1)).
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    // The signal comes when the thread that started the child ends, so that one thread starts them all and never ends.
    private static readonly StartThread Starter = new();
    private static readonly string[] DiesWithUs = File.Exists("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : [];

    private readonly Process process;
    private readonly string log;
    private readonly bool ownLog;

    private ChildProcess(Process process, string log, bool ownLog) => (this.process, this.log, this.ownLog) = (process, log, ownLog);

    /// <summary>The process id, from the first moment on: nothing stands between.</summary>
    public int Pid => process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>What it ended with.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>All that it wrote, and those before it with the same file.</summary>
    public string Output
    {
        get
        {
            using var stream = new FileStream(log, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }

    /// <summary>Starts a program.</summary>
    /// <param name="log">The file that its standard output and error are appended to; null for one that goes with it.</param>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">What its environment has besides ours.</param>
    /// <param name="folder">Where it runs.</param>
    public static async Task<ChildProcess> StartAsync(
        string? log, string file, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>>? environment = null, string? folder = null)
    {
        var place = log ?? Path.GetTempFileName();
        // The shell only opens the file; every step replaces the one before it.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", place, .. DiesWithUs, file, .. arguments])
        {
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        return new(await Starter.RunAsync(() => Process.Start(start)!), place, ownLog: log is null);
    }

    /// <summary>Waits until <paramref name="ready"/> says so, asking again and again.</summary>
    /// <exception cref="InvalidOperationException">The program ended, or time is up; the message has what it wrote.</exception>
    public async Task WaitUntilAsync(Func<Task<bool>> ready, TimeSpan patience)
    {
        for (var waited = Stopwatch.StartNew(); !await ready(); await Task.Delay(5))
        {
            if (HasExited || waited.Elapsed > patience)
                throw new InvalidOperationException($"{process.StartInfo.ArgumentList[4 + DiesWithUs.Length]} {(HasExited ? $"ended with {ExitCode}" : $"is not ready after {patience.TotalSeconds:0} s")}:\n{Output}");
        }
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and SIGKILL when that does not end it in time; returns when the process is gone.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (HasExited)
            return;
        using (var kill = Process.Start("kill", ["-TERM", Pid.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(patience);
        await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!HasExited)
            await KillAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
            await KillAsync();
        process.Dispose();
        if (ownLog)
            File.Delete(log);
    }
}
