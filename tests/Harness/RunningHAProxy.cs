using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Harness;

/// <summary>
/// A real HAProxy with a configuration of this repository. The executable is the one that the environment variable <c>HAPROXY</c> names,
/// else what <c>scripts/haproxy</c> finds or fetches.
/// </summary>
/// <param name="configuration">The files of the configuration, in order, by their paths in the repository.</param>
/// <param name="environment">What it reads from the environment.</param>
/// <param name="accepts">Where it accepts connections once it runs.</param>
/// <param name="log">The file that it writes to.</param>
public sealed class RunningHAProxy(
    IReadOnlyList<string> configuration, IReadOnlyDictionary<string, string> environment, IPEndPoint accepts, string log) : IAsyncDisposable
{
    /// <summary>The bootstrap of an ingress proxy.</summary>
    public static readonly IReadOnlyList<string> Ingress = ["infra/haproxy/common.cfg", "infra/haproxy/ingress.cfg"];

    /// <summary>The bootstrap of an edge proxy.</summary>
    public static readonly IReadOnlyList<string> Edge = ["infra/haproxy/common.cfg", "infra/haproxy/edge.cfg"];

    private static readonly Lazy<Task<string>> Executable = new(() => Repository.RunAsync("scripts/haproxy"));
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private ChildProcess? process;

    /// <summary>The process id; another after each start.</summary>
    public int Pid => process!.Pid;

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => process is { HasExited: false };

    /// <summary>Everything that it wrote.</summary>
    public string Output => process?.Output ?? "";

    /// <summary>The executable, fetched when it is missing.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message says what to install.</exception>
    public static Task<string> ExecutableAsync() => Executable.Value;

    /// <summary>Starts it and returns when it accepts connections.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public async Task StartAsync()
    {
        process = await ChildProcess.StartAsync(log, await ExecutableAsync(), ["-db", .. configuration.SelectMany(file => new[] { "-f", Repository.File(file) })], environment);
        await process.WaitUntilAsync(AcceptsAsync, Patience);
    }

    /// <summary>SIGUSR1, as the kubelet sends it: the process takes no more connections, and ends with its last. Returns at once.</summary>
    public Task StopSoftlyAsync() => SignalAsync("USR1");

    /// <summary>SIGSTOP: the process does nothing at all until <see cref="ThawAsync"/>, and its connections stay.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>SIGCONT.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public Task KillAsync() => process!.KillAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", string.Create(CultureInfo.InvariantCulture, $"{Pid}")]);
        await kill.WaitForExitAsync();
    }

    private async Task<bool> AcceptsAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(accepts);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
