using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Proxies;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>One HAProxy process on free loopback ports. What it logs goes nowhere, as fast as that can be.</summary>
/// <param name="name">Its name.</param>
/// <param name="configuration">Configuration file: the bootstrap, or another that reads the same environment variables.</param>
/// <param name="pki">What scripts/pki made.</param>
/// <param name="threads">Its threads.</param>
public sealed class HAProxyInstance(string name, string configuration, ThrowAwayPki pki, int threads) : IAsyncDisposable
{
    private static readonly Lazy<Task<string>> Executable = new(FindAsync);

    private readonly int[] ports = LoopbackPorts.Free(4);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ingress-reconciler-bench-");
    private Process? process;

    /// <summary>The bootstrap of this repository.</summary>
    public static string Bootstrap => Repository.File("infra/haproxy/haproxy.cfg");

    /// <summary>Settings that fit the certificates.</summary>
    public static ProxyOptions Options { get; } = new() { ServerName = "localhost", CircuitBreak = TimeSpan.FromMilliseconds(500) };

    /// <summary>Its admin port.</summary>
    public ProxyAddress Address => new(name, "127.0.0.1", ports[0]);

    /// <summary>Serves /readyz.</summary>
    public IPEndPoint Health => new(IPAddress.Loopback, ports[1]);

    /// <summary>Takes plain traffic.</summary>
    public IPEndPoint Traffic => new(IPAddress.Loopback, ports[2]);

    /// <summary>Its process id.</summary>
    public int Pid => process!.Id;

    /// <summary>The executable that scripts/haproxy finds or fetches.</summary>
    public static Task<string> ExecutableAsync() => Executable.Value;

    /// <summary>Starts it, on the same ports each time.</summary>
    /// <param name="accepting">Whether to wait until it takes connections.</param>
    public async Task StartAsync(bool accepting = true)
    {
        // A shell throws the output away: a pipe would have to be read by somebody.
        var start = new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "exec \"$0\" -db -f \"$1\" >/dev/null 2>\"$2\"", await ExecutableAsync(), configuration, ErrorFile } };
        start.Environment["BIND_ADMIN"] = $"127.0.0.1:{ports[0]}";
        start.Environment["BIND_HEALTH"] = $"127.0.0.1:{ports[1]}";
        start.Environment["BIND_HTTP"] = $"127.0.0.1:{ports[2]}";
        start.Environment["BIND_HTTPS"] = $"127.0.0.1:{ports[3]}";
        start.Environment["ADMIN_SOCKET"] = Path.Combine(folder.FullName, "admin.sock");
        start.Environment["PKI"] = pki.Folder;
        start.Environment["THREADS"] = $"{threads}";
        start.Environment["MAXCONN"] = "5000";
        start.Environment["TRAFFIC_MAXCONN"] = "4000";
        process?.Dispose();
        process = Process.Start(start)!;
        for (var waited = Stopwatch.StartNew(); accepting && !await AcceptsAsync(Traffic); await Task.Delay(5))
        {
            if (process.HasExited || waited.Elapsed > TimeSpan.FromSeconds(20))
                throw new InvalidOperationException($"HAProxy does not run with {configuration}:\n{await File.ReadAllTextAsync(ErrorFile)}");
        }
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
            await KillAsync();
        process?.Dispose();
        folder.Delete(recursive: true);
    }

    private string ErrorFile => Path.Combine(folder.FullName, "errors");

    private static async Task<bool> AcceptsAsync(IPEndPoint place)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(place);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string> FindAsync()
    {
        using var script = Process.Start(new ProcessStartInfo(Repository.File("scripts/haproxy")) { RedirectStandardOutput = true })!;
        var path = (await script.StandardOutput.ReadToEndAsync()).Trim();
        await script.WaitForExitAsync();
        return script.ExitCode == 0 && path.Length > 0 ? path : throw new InvalidOperationException("scripts/haproxy found no HAProxy");
    }
}
