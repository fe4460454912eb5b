using System.Diagnostics;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>HAProxy on this machine.</summary>
public static class HAProxyInstance
{
    private static readonly Lazy<Task<string>> Executable = new(FindAsync);

    /// <summary>The executable that scripts/haproxy finds or fetches.</summary>
    public static Task<string> ExecutableAsync() => Executable.Value;

    private static async Task<string> FindAsync()
    {
        using var script = Process.Start(new ProcessStartInfo(Repository.File("scripts/haproxy")) { RedirectStandardOutput = true })!;
        var path = (await script.StandardOutput.ReadToEndAsync()).Trim();
        await script.WaitForExitAsync();
        return script.ExitCode == 0 && path.Length > 0 ? path : throw new InvalidOperationException("scripts/haproxy found no HAProxy");
    }
}
