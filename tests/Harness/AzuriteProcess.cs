using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Storage;

namespace IngressReconciler.Tests.Harness;

/// <summary>
/// A real Azurite on a loopback port, started by <c>scripts/azurite/run</c>. It can be stopped or killed and started again on the same port;
/// with a folder it then has what it had. One that cannot be had fails the test with the launcher's own words.
/// </summary>
public sealed class AzuriteProcess : IAsyncDisposable
{
    // The first start on a machine installs Azurite.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly string? folder;
    private ChildProcess? process;

    private AzuriteProcess(string? folder, int port) => (this.folder, Port) = (folder, port);

    /// <summary>TCP port of the blob endpoint, the same after a restart.</summary>
    public int Port { get; }

    /// <summary>What a setting such as <c>AzureWebJobsStorage</c> takes.</summary>
    public string ConnectionString => StorageOptions.AzuriteConnection(Port);

    /// <summary>Starts Azurite and waits until it answers.</summary>
    /// <param name="folder">Where it keeps its blobs; null keeps them in memory.</param>
    public static async Task<AzuriteProcess> StartAsync(string? folder = null)
    {
        var azurite = new AzuriteProcess(folder, FreePorts.Take());
        await azurite.StartAgainAsync();
        return azurite;
    }

    /// <summary>Starts it again on its port after a stop or a kill.</summary>
    public async Task StartAgainAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        string[] kept = folder is null ? [] : ["--folder", folder];
        process = await ChildProcess.StartAsync(null, Repository.File("scripts/azurite/run"), ["--port", Port.ToString(CultureInfo.InvariantCulture), .. kept]);
        await process.WaitUntilAsync(AnswersAsync, StartLimit);
    }

    /// <summary>Ends it as an operator would; with a folder everything it has acknowledged stays.</summary>
    public async Task StopAsync()
    {
        if (process is not null)
            await process.StopAsync(StopLimit);
    }

    /// <summary>Ends it with SIGKILL. Unlike Azure it then forgets what it acknowledged in the last five seconds.</summary>
    public async Task KillAsync()
    {
        if (process is { HasExited: false })
            await process.KillAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
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
}
