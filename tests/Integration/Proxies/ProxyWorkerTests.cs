using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Workers;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>One worker and one proxy.</summary>
public sealed class ProxyWorkerTests(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>
{
    [Fact]
    public async Task A_position_that_is_wanted_while_a_push_ends_is_reached_with_it()
    {
        // A worker says that a fresh proxy was restored when its push is proven, and is not over yet.
        await haproxy.KillAsync();
        await haproxy.StartAsync();
        using var credentials = haproxy.Pki.Credentials();
        var config = DesiredState.Of(ClusterState.Empty, new()).Compiled();
        var (first, later) = (new JournalPosition(1, 10), new JournalPosition(1, 20));
        ProxyWorker? worker = null;
        var log = new Listener(() => worker!.Want(config, 1, later, HAProxyDifference.None));
        worker = new(
            new HAProxyDriver(
                credentials,
                HAProxyProcess.Options,
                (_, _, _) => throw new InvalidOperationException("no certificate is wanted"),
                TimeProvider.System).Open(haproxy.Address),
            new("workers", haproxy.Address.Name, TimeProvider.System),
            TimeProvider.System,
            log,
            () => { });
        await using var disposed = worker;

        worker.Want(config, 1, first, HAProxyDifference.None);
        worker.Start(TestContext.Current.CancellationToken);
        await worker.Current;

        Assert.Equal(1, log.Restored);
        Assert.True(worker.Runs(first));
        Assert.True(worker.Runs(later));
        Assert.True(worker.RunsAsync(later).IsCompletedSuccessfully);
    }

    private sealed class Listener(Action restored) : ILogger
    {
        public int Restored { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name != "Restored")
                return;
            Restored++;
            restored();
        }
    }
}
