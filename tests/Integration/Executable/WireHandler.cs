using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Handler;
using IngressReconciler.Local;
using IngressReconciler.Reconciliation;
using IngressReconciler.Storage;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>
/// <c>ingress-reconciler serve</c> as the Functions host starts it, for one cluster without proxies, and spoken to as that host speaks: every
/// call chunked and with the host's headers, every answer judged by the host's rules.
/// </summary>
internal sealed class WireHandler : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _process;
    private readonly string _errors;
    private readonly HttpClient _http;

    private WireHandler(ChildProcess process, string errors, string cluster, int port)
    {
        (_process, _errors, Cluster) = (process, errors, cluster);
        _http = new(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")),
            // The handler's own deadline: Event Grid waits 30 s, and asks again whoever has not answered by then.
            Timeout = TimeSpan.FromSeconds(20),
        };
    }

    /// <summary>The cluster's id.</summary>
    public string Cluster { get; }

    /// <summary>All that it wrote to its standard output.</summary>
    public string Output => _process.Output;

    /// <summary>All that it wrote to its standard error.</summary>
    public string Errors => File.ReadAllText(_errors);

    /// <summary>A cluster's id that no other test uses.</summary>
    public static string FreshCluster() => $"c{Guid.NewGuid():N}"[..12];

    /// <summary>Starts one and returns when it gives an HTTP answer, as the host waits for it.</summary>
    /// <param name="storage">The port of Azurite.</param>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="settings">More settings, or others.</param>
    public static async Task<WireHandler> StartAsync(int storage, string cluster, params IEnumerable<(string Name, string Value)> settings)
    {
        var handler = await LaunchAsync(storage, cluster, FreePorts.Take(), settings);
        await handler._process.WaitUntilAsync(handler.AnswersAsync, Patience);
        return handler;
    }

    /// <summary>Starts one and waits for nothing.</summary>
    public static async Task<WireHandler> LaunchAsync(int storage, string cluster, int port, params IEnumerable<(string Name, string Value)> settings)
    {
        var errors = Path.GetTempFileName();
        var environment = new Dictionary<string, string>
        {
            [HandlerServer.PortSetting] = port.ToString(CultureInfo.InvariantCulture),
            ["AzureWebJobsStorage"] = StorageOptions.AzuriteConnection(storage),
            [StorageOptions.InstanceSetting] = cluster,
            [$"IngressReconciler__Clusters__{cluster}__AllowLoopbackEndpoints"] = "true",
        };
        foreach (var (name, value) in settings)
            environment[name] = value;
        var process = await ChildProcess.StartAsync(
            null, "/bin/sh", ["-c", "exec \"$1\" serve 2>\"$2\"", "sh", Repository.Executable, errors], environment, Repository.App);
        return new(process, errors, cluster, port);
    }

    /// <summary>What the metadata of a call that is made again has besides.</summary>
    public const string Retry = """ "RetryContext":{"RetryCount":1,"MaxRetryCount":5}, """;

    /// <summary>An envelope as the host writes it: a binding's value, and metadata that nobody asked for.</summary>
    public static string Envelope(string binding, string value, string metadata = "") =>
        $$$$"""{"Data":{"{{{{binding}}}}":{{{{value}}}} },"Metadata":{ {{{{metadata}}}}"sys":{"MethodName":"F","UtcNow":"2026-01-01T00:00:00.0000000Z","RandGuid":"{{{{Guid.NewGuid()}}}}"}}}""";

    /// <summary>Calls a function.</summary>
    /// <param name="function">Its name.</param>
    /// <param name="body">The whole body.</param>
    /// <param name="invocation">The call's id, which a retry has from the first try.</param>
    /// <param name="chunk">Bytes a chunk.</param>
    public async Task<WireAnswer> CallAsync(string function, string body, Guid? invocation = null, int chunk = 4096)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, function) { Content = new ChunkedContent(Encoding.UTF8.GetBytes(body), chunk) };
        request.Content.Headers.ContentType = new("application/json", "utf-8");
        request.Headers.Add("X-Azure-Functions-InvocationId", $"{invocation ?? Guid.NewGuid()}");
        request.Headers.Add("X-Azure-Functions-HostVersion", Invocations.HostVersion);
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        return await SendAsync(request);
    }

    /// <summary>Calls OnClusterEvents with a value of its binding.</summary>
    public Task<WireAnswer> DeliverAsync(string value) => CallAsync("OnClusterEvents", Envelope("events", value));

    /// <summary>Asks without a body.</summary>
    public async Task<WireAnswer> AskAsync(string path, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        return await SendAsync(request);
    }

    /// <summary>How many objects of a kind it knows.</summary>
    public async Task<int> CountAsync(ResourceKind kind)
    {
        using var status = JsonDocument.Parse((await AskAsync($"api/{Cluster}/status")).Body);
        return status.RootElement.GetProperty("objects").TryGetProperty($"{kind}", out var count) ? count.GetInt32() : 0;
    }

    /// <summary>The reasons of the events that it refused.</summary>
    public async Task<string[]> RefusalsAsync()
    {
        using var status = JsonDocument.Parse((await AskAsync("api/status")).Body);
        return [.. status.RootElement.GetProperty("refusals").EnumerateArray().Select(one => one.GetProperty("reason").GetString()!)];
    }

    /// <summary>SIGKILL, as the host ends it.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>Waits until it has ended by itself; its exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!_process.HasExited)
            await Task.Delay(10, limit.Token);
        return _process.ExitCode;
    }

    /// <summary>What a cluster has in storage: every change that was journalled, and the wanted version.</summary>
    public static async Task<(ResourceChange[] Changes, VersionHead Head)> StoredAsync(int storage, string cluster)
    {
        using var blobs = new BlobStorage(StorageOptions.Azurite(storage), TimeProvider.System);
        var tail = await blobs.Cluster(cluster).Journal.ReadAsync(JournalPosition.Start, TestContext.Current.CancellationToken);
        var head = await new VersionHistory(blobs.Cluster(cluster)).HeadAsync(TestContext.Current.CancellationToken);
        return ([.. tail.Lines.SelectMany(line => JournalBatch.Parse(line.Bytes).Changes)], head);
    }

    /// <summary>The hash of the version that a cluster with nothing but these objects asks for.</summary>
    public static string HashOf(IEnumerable<JsonElement> events)
    {
        var changes = events.Select(json => ClusterEvent.TryRead(json, out var read, out var refusal) ? ((ChangeEvent)read).Change : throw new InvalidOperationException(refusal));
        return ModelHash.Of(
            DesiredState.Of(ClusterState.Empty.Apply(changes, default).State, new() { AllowLoopbackEndpoints = true }).Model).Text;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _http.Dispose();
        File.Delete(_errors);
    }

    private async Task<WireAnswer> SendAsync(HttpRequestMessage request)
    {
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return new(answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await AskAsync("");
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>A body of unknown length, each piece a chunk of its own.</summary>
    private sealed class ChunkedContent(byte[] body, int chunk) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (var piece in body.Chunk(chunk))
            {
                await stream.WriteAsync(piece);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

/// <summary>What the handler answered.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="MediaType">The content's type.</param>
/// <param name="Body">The content.</param>
internal sealed record WireAnswer(HttpStatusCode Status, string? MediaType, string Body)
{
    /// <summary>The real host takes it for a success: 2xx, JSON, an object and not nothing, which would hang the call.</summary>
    public void IsSuccess()
    {
        var verdict = Invocations.Judge((int)Status, MediaType, Encoding.UTF8.GetBytes(Body));
        Assert.True(verdict is { Hangs: false, Problem: null }, verdict.Problem ?? $"the call hangs: {(int)Status} '{Body}'");
    }

    /// <summary>The real host takes it for a failure, so that whoever sent the events sends them again.</summary>
    public void IsFailure()
    {
        var verdict = Invocations.Judge((int)Status, MediaType, Encoding.UTF8.GetBytes(Body));
        Assert.True(verdict is { Hangs: false, Problem: not null }, $"{(int)Status} '{Body}'");
    }
}
