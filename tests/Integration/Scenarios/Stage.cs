using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Settings;
using IngressReconciler.Storage;
using IngressReconciler.Versions;
using IngressReconciler.Workers;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>One after the other: each is given the whole machine.</summary>
[CollectionDefinition(nameof(Scenarios), DisableParallelization = true)]
public static class Scenarios;

/// <summary>
/// What a scenario plays on: two real proxies, a real Azurite (one for all), echo pods on loopback addresses, and one cluster of a fresh id.
/// </summary>
public sealed class Stage : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<AzuriteProcess>> Storage = new(() => AzuriteProcess.StartAsync());
    private static int pods;

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience };
    private readonly ConcurrentQueue<IAsyncDisposable> toDispose = [];

    /// <param name="bootstrap">What the first proxy starts with; null for this release's.</param>
    internal Stage(IReadOnlyList<string>? bootstrap = null)
    {
        ClusterId = $"c{Guid.NewGuid():N}"[..12];
        Objects = new(ClusterId);
        PodPort = FreePorts.Take();
        Proxies = [.. Enumerable.Range(1, 2).Select(i => new IngressProxy(
            $"p{i}", IPAddress.Loopback, ProxyPorts.Free(), Pki, bootstrap: i == 1 ? bootstrap : null))];
    }

    internal string ClusterId { get; }

    internal Objects Objects { get; }

    internal TestPki Pki { get; } = new();

    internal ImmutableArray<IngressProxy> Proxies { get; }

    internal int PodPort { get; }

    /// <summary>Where storage is; another than the one for all may be set.</summary>
    internal int StoragePort { get; set; }

    /// <summary>Everything that instances in this process logged.</summary>
    internal ConcurrentQueue<string> Log { get; } = [];

    public async ValueTask InitializeAsync()
    {
        if (StoragePort == 0)
            StoragePort = (await Storage.Value).Port;
        await Task.WhenAll(Proxies.Select(proxy => proxy.StartAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in toDispose.Reverse())
            await one.DisposeAsync();
        foreach (var proxy in Proxies)
            await proxy.DisposeAsync();
        http.Dispose();
        Pki.Dispose();
    }

    /// <summary>Logs to <see cref="Log"/>.</summary>
    internal ILogger Logger(string category) => new Logs(Log).CreateLogger(category);

    /// <summary>Disposes it with the stage.</summary>
    internal T Keep<T>(T one)
        where T : IAsyncDisposable
    {
        toDispose.Enqueue(one);
        return one;
    }

    /// <summary>An instance in this process, begun. Events about several clusters are taken unless each is to be alone.</summary>
    internal Clusters Open(
        Func<ClusterSettings, ClusterSettings>? change = null, Func<StorageOptions, StorageOptions>? storage = null, AdminSettings? admin = null,
        ImmutableArray<ClusterSettings> beside = default, TimeProvider? time = null, bool alone = false,
        Action<AppSettings>? told = null)
    {
        ClusterSettings cluster = new(ClusterId, [.. Proxies.Select(proxy => proxy.Address)], null, ClusterAccess.None, new() { Proxies = null }, new() { AllowLoopbackEndpoints = true });
        var options = StorageOptions.Azurite(StoragePort);
        var settings = new AppSettings(
            storage?.Invoke(options) ?? options, [change?.Invoke(cluster) ?? cluster, .. beside.IsDefault ? [] : beside], admin ?? Admin)
        {
            SharedTopic = !alone,
        };
        told?.Invoke(settings);
        var clusters = new Clusters(settings, time ?? TimeProvider.System, new Logs(Log));
        clusters.Start();
        return Keep(clusters);
    }

    /// <summary>A reconciler by itself, begun, that has its keys from a test.</summary>
    internal Reconciler Open(KeyPairReading keys, Func<ConfirmedProxy, ConfirmedProxy>? place = null)
    {
        var credentials = Pki.Credentials();
        var log = Logger("Reconciler");
        var driver = new HAProxyDriver(credentials, new(), keys, TimeProvider.System);
        var reconciler = Keep(new Reconciler(
            StorageOf(),
            new() { AllowLoopbackEndpoints = true },
            new(StorageOf(), new(), TimeProvider.System, log),
            driver,
            new ProxySet([.. Proxies.Select(proxy => place?.Invoke(proxy.Address) ?? proxy.Address)], null, (proxy, wake) =>
                new(driver.Open(proxy), new(ClusterId, proxy.Name, TimeProvider.System), TimeProvider.System, log, wake)),
            null,
            null,
            null,
            TimeProvider.System,
            log));
        reconciler.Start();
        return reconciler;
    }

    /// <summary>Hands a reconciler what can be read of some events; what cannot, comes back.</summary>
    internal static async Task<string[]> AcceptAsync(Reconciler reconciler, params IEnumerable<JsonElement> events)
    {
        var changes = new List<ResourceChange>();
        var refusals = new List<string>();
        foreach (var json in events)
        {
            if (ClusterEvent.TryRead(json, out var read, out var refusal))
                changes.Add(((ChangeEvent)read).Change);
            else
                refusals.Add(refusal);
        }

        await reconciler.AcceptAsync(changes);
        return [.. refusals];
    }

    internal AdminSettings Admin => new(
        Path.Combine(Pki.Folder, "client/tls.crt"), Path.Combine(Pki.Folder, "client/tls.key"), Path.Combine(Pki.Folder, "client/ca.crt"), new ProxyOptions().ServerName);

    /// <summary>State in storage, read past every instance.</summary>
    internal ClusterStorage StorageOf(string? container = null)
    {
        var options = StorageOptions.Azurite(StoragePort);
        return new BlobStorage(options with { Container = container ?? options.Container }, TimeProvider.System).Cluster(ClusterId);
    }

    /// <summary>The head, and the number of every version that is stored.</summary>
    internal async Task<(VersionHead Head, IReadOnlyList<int> Numbers)> VersionsAsync()
    {
        var head = await new VersionHistory(StorageOf()).HeadAsync(TestContext.Current.CancellationToken);
        return (head, [.. (await StorageOf().Versions.AllAsync(TestContext.Current.CancellationToken)).Select(one => one.Number)]);
    }

    /// <summary>Starts an echo pod on a loopback address of its own, and gives its address.</summary>
    internal async Task<EchoPod> PodAsync(string name)
    {
        var number = Interlocked.Increment(ref pods);
        return Keep(await EchoPod.StartAsync("shop", name, new(new IPAddress([127, 30, (byte)(number / 250), (byte)(1 + (number % 250))]), PodPort)));
    }

    /// <summary>Service, slice and Ingress of a host whose one pod runs.</summary>
    internal async Task<JsonElement[]> HostAsync(string name)
    {
        var pod = await PodAsync(name + "-1");
        return
        [
            Objects.Applied(Objects.Class()),
            Objects.Applied(Objects.Service(name)),
            Objects.Applied(Objects.Slice(name, PodPort, ($"{pod.Place.Address}", pod.Name, "ready"))),
            Objects.Applied(Objects.Ingress(name, ($"{name}.example", "/", name))),
        ];
    }

    /// <summary>Asks a proxy, with the path as it is written; without a pod, the status is what there is to know.</summary>
    internal async Task<(int Status, EchoAnswer? Echo)> GetAsync(IngressProxy proxy, string host, string path = "/")
    {
        var uri = new Uri(
            string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{proxy.Ports.Http}{path}"),
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Host = host;
        using var answer = await http.SendAsync(request);
        return ((int)answer.StatusCode, answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<EchoAnswer>() : null);
    }

    /// <summary>An edge of the kind that stands before NodePorts: it knows connections only, and says whose they are.</summary>
    internal async Task<int> EdgeAsync()
    {
        var port = FreePorts.Take();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"""
            global
                maxconn 1000
            defaults
                mode tcp
                timeout connect 5s
                timeout client 60s
                timeout server 60s
            frontend edge
                bind 127.0.0.1:{port}
                default_backend proxies
            backend proxies
                server p1 127.0.0.1:{Proxies[0].Ports.Http} send-proxy-v2
                server p2 127.0.0.1:{Proxies[1].Ports.Http} send-proxy-v2

            """));
        var edge = Keep(await ChildProcess.StartAsync(Path.GetTempFileName(), await RunningHAProxy.ExecutableAsync(), ["-db", "-f", file]));
        await edge.WaitUntilAsync(async () =>
        {
            using var client = new System.Net.Sockets.TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", port);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(20));
        return port;
    }

    /// <summary>The status of one of a proxy's health paths.</summary>
    internal async Task<int> HealthAsync(IngressProxy proxy, string path)
    {
        using var answer = await http.GetAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{proxy.Ports.Health}{path}")));
        return (int)answer.StatusCode;
    }

    /// <summary>Both proxies lead a host to a pod of that Service.</summary>
    internal async Task ServedAsync(string host, string service, string path = "/")
    {
        foreach (var proxy in Proxies)
        {
            var (status, echo) = await GetAsync(proxy, host, path);
            Assert.Equal((proxy.Address.Name, 200), (proxy.Address.Name, status));
            Assert.StartsWith(service + "-", echo!.Pod, StringComparison.Ordinal);
        }
    }

    /// <summary>All that a proxy runs.</summary>
    internal static async Task<ProxyState> StateAsync(IngressProxy proxy)
    {
        var reading = new HAProxyStateReading(PlanScope.All());
        await using var connection = await proxy.ConnectAsync(cancel: TestContext.Current.CancellationToken);
        var replies = await connection.SendAsync(reading.Commands, TestContext.Current.CancellationToken);
        return reading.Read([.. replies.Select(reply => reply.IsError ? "" : reply.Text)]);
    }

    /// <summary>Sends commands to a proxy behind the control plane's back.</summary>
    internal static async Task TellAsync(IngressProxy proxy, params IEnumerable<string> commands)
    {
        await using var connection = await proxy.ConnectAsync(cancel: TestContext.Current.CancellationToken);
        foreach (var reply in await connection.SendAsync([.. commands.Select(command => new RuntimeCommand(command))], TestContext.Current.CancellationToken))
            Assert.False(reply.IsError, reply.Text);
    }

    /// <summary>Waits until both proxies, read back whole, run just what is wanted.</summary>
    internal async Task RunsAsync(DesiredState wanted, int version, params IEnumerable<IngressProxy> only)
    {
        var config = wanted.Compiled();
        foreach (var proxy in only.Any() ? only : Proxies)
        {
            await UntilAsync(async () => string.Join('\n', HAProxyPlanner.Plan(
                config, version, await StateAsync(proxy), PlanScope.All()) is { IsDone: false } plan
                ? plan.Steps.Take(5).Prepend<object>($"{proxy.Address.Name} still lacks") : []));
        }
    }

    /// <summary>Waits until something is as it should be: <paramref name="trouble"/> says nothing any more.</summary>
    internal static async Task UntilAsync(Func<Task<string>> trouble)
    {
        for (var waited = Stopwatch.StartNew(); await trouble() is { Length: > 0 } left; await Task.Delay(20))
            Assert.True(waited.Elapsed < Patience, left);
    }

    /// <summary>Waits until something is so.</summary>
    internal static Task UntilAsync(string what, Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo() ? "" : $"not within {Patience}: {what}"));

    /// <summary>Writes a line for whoever reads the test's output.</summary>
    internal static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private sealed class Logs(ConcurrentQueue<string> lines) : ILoggerFactory, ILogger
    {
        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
