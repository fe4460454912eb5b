using System.Globalization;
using System.Net.Sockets;

namespace IngressReconciler.Tests.Harness;

/// <summary>A real Azurite (blobs only), kept in memory, as <c>scripts/azurite/run</c> installs and starts it.</summary>
/// <param name="log">The file that it writes to.</param>
/// <param name="port">Its port on 127.0.0.1.</param>
public sealed class Azurite(string log, int port) : IAsyncDisposable
{
    private const string Script = "scripts/azurite/run";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Lazy<Task<string>> Installed = new(() => Repository.RunAsync(Script, "--install"));

    private ChildProcess? process;

    /// <summary>The setting <c>AzureWebJobsStorage</c>.</summary>
    public string ConnectionString => Storage.StorageOptions.AzuriteConnection(port);

    /// <summary>Installs it when it is missing.</summary>
    /// <exception cref="InvalidOperationException">It cannot be; the message says why.</exception>
    public static Task InstallAsync() => Installed.Value;

    /// <summary>Starts it and returns when it accepts connections. What an earlier process held is gone.</summary>
    public async Task StartAsync()
    {
        await InstallAsync();
        process = await ChildProcess.StartAsync(log, Repository.File(Script), ["--port", port.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitUntilAsync(AcceptsAsync, Patience);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
    }

    private async Task<bool> AcceptsAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
