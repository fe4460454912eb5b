using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using IngressReconciler.Storage;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>
/// A real Azurite on a loopback port, started by <c>scripts/azurite/run</c>. It can be stopped or killed and started again on the same port;
/// with a folder it then has what it had. One that cannot be had fails the test with the launcher's own words.
/// </summary>
public sealed class AzuriteProcess : IAsyncDisposable
{
    // The first start on a machine installs Azurite.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);

    private readonly string? _folder;
    private readonly StringBuilder _said = new();
    private Process? _process;

    private AzuriteProcess(string? folder, int port) => (_folder, Port) = (folder, port);

    /// <summary>TCP port of the blob endpoint, the same after a restart.</summary>
    public int Port { get; }

    /// <summary>What a setting such as <c>AzureWebJobsStorage</c> takes.</summary>
    public string ConnectionString => StorageOptions.AzuriteConnection(Port);

    /// <summary>Starts Azurite and waits until it answers.</summary>
    /// <param name="folder">Where it keeps its blobs; null keeps them in memory.</param>
    public static async Task<AzuriteProcess> StartAsync(string? folder = null)
    {
        var azurite = new AzuriteProcess(folder, FreePort());
        await azurite.StartAgainAsync();
        return azurite;
    }

    /// <summary>Starts it again on its port after a stop or a kill.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo(Repository.File("scripts/azurite/run"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "--port", Port.ToString(CultureInfo.InvariantCulture) },
        };
        if (_folder is not null)
        {
            start.ArgumentList.Add("--folder");
            start.ArgumentList.Add(_folder);
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        var since = Stopwatch.StartNew();
        while (!await AnswersAsync())
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"Azurite ended with {_process.ExitCode} before it answered on port {Port}:\n{Said()}");
            if (since.Elapsed > StartLimit)
                throw new TimeoutException($"Azurite did not answer on port {Port} within {StartLimit}:\n{Said()}");
            await Task.Delay(20);
        }
    }

    /// <summary>Ends it as an operator would; with a folder everything it has acknowledged stays.</summary>
    public async Task StopAsync()
    {
        if (_process is null or { HasExited: true })
            return;
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }
    }

    /// <summary>Ends it with SIGKILL. Unlike Azure it then forgets what it acknowledged in the last five seconds.</summary>
    public async Task KillAsync()
    {
        if (_process is null or { HasExited: true })
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
    }

    /// <summary>A loopback port that nothing listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_said)
            _said.AppendLine(line);
    }

    private string Said()
    {
        lock (_said)
            return _said.ToString();
    }
}
