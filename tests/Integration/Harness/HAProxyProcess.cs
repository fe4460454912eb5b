using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>
/// A real HAProxy on free loopback ports, with this repository's bootstrap and a throw-away PKI. The executable is the one that the
/// environment variable <c>HAPROXY</c> names, else what <c>scripts/haproxy</c> finds or fetches; without one, tests fail. As a fixture: one
/// process for a class of tests.
/// </summary>
public sealed class HAProxyProcess : IAsyncLifetime
{
    private static readonly Lazy<Task<string>> Executable = new(FindAsync);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ingress-reconciler-haproxy-").FullName;
    private readonly int[] _ports = FreePorts(4);
    private Process? _process;

    internal TestPki Pki { get; } = new();

    /// <summary>The admin port, as <c>haproxy</c> on 127.0.0.1.</summary>
    public ProxyAddress Address => new("haproxy", "127.0.0.1", _ports[0]);

    /// <summary>Serves /livez, /readyz and /metrics.</summary>
    public int HealthPort => _ports[1];

    /// <summary>Takes plain traffic.</summary>
    public int HttpPort => _ports[2];

    /// <summary>Takes TLS traffic.</summary>
    public int HttpsPort => _ports[3];

    /// <summary>The process id; another after <see cref="StartAsync"/>.</summary>
    public int Pid => _process!.Id;

    /// <summary>Everything that it wrote to its standard output and error.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Settings that fit the certificates.</summary>
    public static ProxyOptions Options { get; } = new() { ServerName = "localhost" };

    /// <summary>A session of its own, with credentials that are taken.</summary>
    internal async Task<RuntimeConnection> ConnectAsync(ProxyOptions? options = null)
    {
        using var credentials = Pki.Credentials();
        var cancelled = TestContext.Current.CancellationToken;
        return await RuntimeConnection.OpenAsync(Address, credentials, options ?? Options, TimeProvider.System, cancelled);
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => await StartAsync();

    /// <summary>Starts it, on the same ports each time, and returns when the admin port accepts.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(await Executable.Value) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-db");
        start.ArgumentList.Add("-f");
        start.ArgumentList.Add(Repository.File("infra/haproxy/haproxy.cfg"));
        start.Environment["BIND_ADMIN"] = $"127.0.0.1:{_ports[0]}";
        start.Environment["BIND_HEALTH"] = $"127.0.0.1:{_ports[1]}";
        start.Environment["BIND_HTTP"] = $"127.0.0.1:{_ports[2]}";
        start.Environment["BIND_HTTPS"] = $"127.0.0.1:{_ports[3]}";
        start.Environment["ADMIN_SOCKET"] = Path.Combine(_folder, "admin.sock");
        start.Environment["PKI"] = Pki.Folder;
        start.Environment["MAXCONN"] = "1000";
        start.Environment["TRAFFIC_MAXCONN"] = "500";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        for (var waited = Stopwatch.StartNew(); !await AcceptsAsync(_ports[0]); await Task.Delay(5))
        {
            if (_process.HasExited || waited.Elapsed > TimeSpan.FromSeconds(20))
                throw new InvalidOperationException($"HAProxy ({start.FileName}) does not run:\n{Output}");
        }
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await KillAsync();
        _process?.Dispose();
        Pki.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Ports that nobody listens on now.</summary>
    internal static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners) listener.Dispose();
        return ports;
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string> FindAsync()
    {
        if (Environment.GetEnvironmentVariable("HAPROXY") is { Length: > 0 } named) return named;
        var start = new ProcessStartInfo(Repository.File("scripts/haproxy")) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        var path = (await script.StandardOutput.ReadToEndAsync()).Trim();
        await script.WaitForExitAsync();
        return script.ExitCode == 0 && path.Length > 0
            ? path
            : throw new InvalidOperationException($"There is no HAProxy to test with: scripts/haproxy ended with {script.ExitCode}:\n{await errors}");
    }
}
