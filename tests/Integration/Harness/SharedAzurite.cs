using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedAzurite))]

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>One Azurite in memory for all tests, started when the first asks for it; each test has a container of its own.</summary>
public sealed class SharedAzurite : IAsyncDisposable
{
    private readonly Lazy<Task<AzuriteProcess>> _process = new(() => AzuriteProcess.StartAsync());

    /// <summary>The running process.</summary>
    public Task<AzuriteProcess> Process => _process.Value;

    /// <summary>Options for a container that no other test uses.</summary>
    /// <param name="port">Another port that leads to the same Azurite, such as a forwarder's.</param>
    public async Task<StorageOptions> FreshAsync(int? port = null) =>
        StorageOptions.Azurite(port ?? (await Process).Port) with { Container = $"test-{Guid.NewGuid():N}" };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process.IsValueCreated)
            await (await Process).DisposeAsync();
    }
}
