using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>
/// The program itself: <c>ingress-reconciler local</c>, which stands in for Event Grid and the Functions host, and the handler that this
/// starts as its child.
/// </summary>
internal sealed class LocalHost : IAsyncDisposable
{
    /// <summary>The cluster's id.</summary>
    public const string Cluster = "local";

    /// <summary>The function key.</summary>
    public const string Key = "demo";

    private readonly string folder;
    private readonly string manifests;
    private readonly int port;
    private readonly Dictionary<string, string> settings;
    private readonly HttpClient http = new() { Timeout = Waiting.Longest };
    private readonly HashSet<int> killed = [];
    private ChildProcess? process;

    /// <summary>Makes it; it does not run yet.</summary>
    public LocalHost(DemoNetwork network, string folder, string manifests, string storage, IReadOnlyList<IngressProxy> proxies, EdgeProxy edge)
    {
        (this.folder, this.manifests, port) = (folder, manifests, network.Host);
        var client = Path.Combine(proxies[0].Pki.Folder, "client");
        settings = new()
        {
            ["AzureWebJobsStorage"] = storage,
            [$"IngressReconciler__Clusters__{Cluster}__Proxies"] = string.Join(',', proxies.Select(proxy => proxy.Address)),
            [$"IngressReconciler__Clusters__{Cluster}__ProxyNamespace"] = "ingress-reconciler", // Pods there are looked for, too
            [$"IngressReconciler__Clusters__{Cluster}__EdgeShape"] = "haproxy",
            [$"IngressReconciler__Clusters__{Cluster}__EdgeSources"] = $"{DemoNetwork.EdgeSource}/32",
            [$"IngressReconciler__Clusters__{Cluster}__Edges"] = edge.Address.ToString(),
            [$"IngressReconciler__Clusters__{Cluster}__EdgeProbePorts"] = string.Create(CultureInfo.InvariantCulture, $"{edge.Ports.ProbeHttp},{edge.Ports.ProbeHttps}"),
            [$"IngressReconciler__Clusters__{Cluster}__AllowLoopbackEndpoints"] = "true",
            ["IngressReconciler__Admin__Certificate"] = Path.Combine(client, "tls.crt"),
            ["IngressReconciler__Admin__Key"] = Path.Combine(client, "tls.key"),
            ["IngressReconciler__Admin__Authority"] = Path.Combine(client, "ca.crt"),
        };
    }

    /// <summary>Where it listens.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    /// <summary>Its own log and the handler's.</summary>
    public string Log => Path.Combine(folder, "local.log");

    /// <summary>Where its HTTP function answers.</summary>
    public string Api(string path) => $"{Address}/api/{path}?code={Key}";

    /// <summary>Where Event Grid posts events.</summary>
    public string Webhook => $"{Address}/runtime/webhooks/EventGrid?functionName=OnClusterEvents&code={Key}";

    /// <summary>The process id of <c>local</c>.</summary>
    public int Pid => process!.Pid;

    /// <summary>
    /// The handler's process id; null while there is none but those that were killed, which their parent may not have noticed yet.
    /// </summary>
    public int? HandlerPid => Process.GetProcessesByName("ingress-reconciler").Select(one => (int?)one.Id)
        .FirstOrDefault(id => !killed.Contains(id!.Value) && ParentOf(id.Value) == Pid);

    /// <summary>Starts it; returns when the handler answers.</summary>
    public async Task StartAsync()
    {
        process = await ChildProcess.StartAsync(Log, Repository.Executable,
            ["local", "--cluster", Cluster, "--manifests", manifests, "--state", Path.Combine(folder, "state"), "--port", port.ToString(CultureInfo.InvariantCulture),
                "--key", Key, "--error-limit", "100", "--app-root", Repository.Root],
            settings);
        await process.WaitUntilAsync(async () => await UnansweredAsync() is null, Waiting.Longest);
    }

    /// <summary>SIGKILL to <c>local</c>; its handler goes with it.</summary>
    public Task KillAsync() => process!.KillAsync();

    /// <summary>SIGKILL to the handler as soon as there is one; <c>local</c> starts another, as the Functions host does.</summary>
    /// <returns>The process id that it had.</returns>
    public async Task<int> KillHandlerAsync()
    {
        int? pid = null;
        await Waiting.UntilAsync(() => Task.FromResult((pid = HandlerPid) is not null), "there is a handler to kill");
        using var handler = Process.GetProcessById(pid!.Value);
        killed.Add(pid.Value);
        handler.Kill();
        return pid.Value;
    }

    /// <summary>Waits until a handler runs, and another than those that were killed, and answers.</summary>
    public Task HandlerAnswersAsync() => Waiting.UntilAsync(
        async () => HandlerPid is null ? "none runs" : await UnansweredAsync(),
        "the handler answers");

    /// <summary>Posts an event to the webhook of the Functions host, as Event Grid does; returns when it is answered.</summary>
    public Task PostAsync(SliceManifest slice) => PostAsync(slice.ToJson(DateTimeOffset.UtcNow));

    /// <summary>The same with any object.</summary>
    public async Task PostAsync(JsonObject one)
    {
        var now = DateTimeOffset.UtcNow;
        using var request = new HttpRequestMessage(HttpMethod.Post, Webhook);
        request.Content = new ByteArrayContent(ObjectEvents.Write(ClusterEvent.AppliedType, Cluster, one, now));
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/cloudevents+json; charset=utf-8");
        request.Headers.Add("aeg-event-type", "Notification");
        using var answer = await http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
            throw new CheckFailedException($"the webhook answered {(int)answer.StatusCode}");
    }

    /// <summary>Runs another command of the program with the same settings; what it printed.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync();
        var output = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        return run.ExitCode == 0 ? output : throw new CheckFailedException($"'{string.Join(' ', arguments)}' ended with {run.ExitCode}: {await errors}{output}");
    }

    /// <summary>Cuts over to PROXY protocol or back, to the end; what it printed.</summary>
    public Task<string> CutOverAsync(params string[] arguments) => RunAsync(["proxy-protocol", .. arguments, "--cluster", Cluster, "--url", Address, "--key", Key]);

    /// <summary>What a doctor finds, from inside and through the edge.</summary>
    public async Task<JsonDocument> DoctorAsync(IPEndPoint edge) => JsonDocument.Parse(await RunAsync(
        "doctor", "--json", "--cluster", Cluster, "--url", Address, "--key", Key, "--edge", edge.ToString(), "--source", IPAddress.Loopback.ToString()));

    /// <summary>The phases that a cut-over would take.</summary>
    public async Task<string[]> PhasesAsync(params string[] arguments)
    {
        using var report = JsonDocument.Parse(await CutOverAsync([.. arguments, "--dry-run", "--json"]));
        return [.. report.RootElement.GetProperty("left").EnumerateArray().Select(phase => phase.GetProperty("name").GetString()!)];
    }

    /// <summary>Begins to cut over and ends that with SIGKILL as soon as a phase was begun, and a moment later the handler which takes it.</summary>
    /// <returns>Whether there was such a phase left.</returns>
    public async Task<bool> InterruptAsync(string phase, TimeSpan handlerAfter, params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.Executable, ["proxy-protocol", .. arguments, "--cluster", Cluster, "--url", Address, "--key", Key])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync();
        var output = new StringBuilder();
        while (await run.StandardOutput.ReadLineAsync() is { } line)
        {
            output.AppendLine(line);
            if (!line.StartsWith(phase + " ", StringComparison.Ordinal))
                continue;
            run.Kill();
            await Task.Delay(handlerAfter);
            await KillHandlerAsync();
            await HandlerAnswersAsync();
            return true;
        }

        await run.WaitForExitAsync();
        if (run.ExitCode != 0)
        {
            throw new CheckFailedException(
                $"'proxy-protocol {string.Join(' ', arguments)}' ended with {run.ExitCode} before {phase}: {output}{await errors}");
        }

        return false;
    }

    /// <summary>Asks the HTTP function.</summary>
    public Task<string> AskAsync(string path) => http.GetStringAsync(Api(path));

    /// <summary>Has the function compare with a fresh list.</summary>
    public async Task ResyncAsync()
    {
        using var answer = await http.PostAsync(Api($"{Cluster}/resync"), null);
        answer.EnsureSuccessStatusCode();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        http.Dispose();
    }

    /// <summary>Why the handler, and not only its host, gives no answer; null when it does.</summary>
    private async Task<string?> UnansweredAsync()
    {
        try
        {
            using var answer = await http.GetAsync(Api("status"));
            return answer.IsSuccessStatusCode ? null : $"it answers {(int)answer.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return e.Message;
        }
    }

    private static int ParentOf(int pid)
    {
        try
        {
            // The name stands in brackets and may hold anything; state and parent follow it (proc(5)).
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
