using System.Diagnostics;
using System.Runtime.InteropServices;
using IngressReconciler.Demo;
using IngressReconciler.Demo.Checks;

// scripts/demo: the whole of it on this machine, on real parts. --check: goes through it by itself.
if (args is not ([] or ["--check"]))
{
    Console.Error.WriteLine("usage: scripts/demo [--check]");
    return 64;
}

Screen.Prepare();
var started = Stopwatch.StartNew();
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}

try
{
    Screen.Part("Starting");
    await using var landscape = await Landscape.OpenAsync();
    if (args is [])
    {
        await Tour.ShowAsync(landscape);
        await stop.Task;
        Screen.Part("Ending all of it");
        return 0;
    }

    var list = new Checklist();
    var checking = Check.AllAsync(landscape, list);
    if (await Task.WhenAny(checking, stop.Task) == stop.Task)
        return 130;
    await checking;
    Screen.Part($"{list.Passed} passed, {list.Failed} failed, in {started.Elapsed.TotalSeconds:0} s");
    return list.Failed == 0 ? 0 : 1;
}
catch (Exception e) when (e is InvalidOperationException or IOException or CheckFailedException)
{
    Console.Error.WriteLine($"scripts/demo: {e.Message}");
    return 1;
}
