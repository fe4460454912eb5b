using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>Under what conditions a run took place.</summary>
/// <param name="Date">Of the run, UTC.</param>
/// <param name="Cores">Cores of the machine.</param>
/// <param name="Processor">Its name.</param>
/// <param name="Runtime">.NET's version.</param>
/// <param name="HAProxy">HAProxy's version.</param>
/// <param name="Handler">Which build of the handler is measured where the whole of it runs.</param>
/// <param name="Quick">Whether the run was a quick one.</param>
/// <param name="LoadBefore">How many threads the machine was busy with, on average of the minute before.</param>
public sealed record Conditions(string Date, int Cores, string Processor, string Runtime, string HAProxy, string Handler, bool Quick, double LoadBefore)
{
    /// <summary>Looks at this machine.</summary>
    public static async Task<Conditions> NowAsync(bool quick) => new(
        TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Environment.ProcessorCount,
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        RuntimeInformation.FrameworkDescription,
        await HAProxyVersionAsync(),
        File.Exists(Path.ChangeExtension(Repository.Executable, "dll")) ? "just-in-time compiled" : "native",
        quick,
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>On one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Date}, {Cores} cores ({Processor}), everything on this one machine, HAProxy {HAProxy}, {Runtime}, handler {Handler}, {(Quick ? "quick run" : "full run")}, load before the run {LoadBefore:0.0}");

    private static async Task<string> HAProxyVersionAsync()
    {
        using var process = Process.Start(
            new ProcessStartInfo(await Tests.Harness.RunningHAProxy.ExecutableAsync(), "-v") { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Split(' ').ElementAtOrDefault(2) ?? "?";
    }
}
