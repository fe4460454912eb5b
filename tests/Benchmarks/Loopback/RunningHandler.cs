using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>The whole handler in a process of its own, as the Functions host starts and calls it; or behind the local host's webhook.</summary>
public sealed class RunningHandler : IAsyncDisposable
{
    private const string Key = "bench";

    private readonly ChildProcess process;
    private readonly HttpClient http;
    private readonly string log;
    private readonly bool webhook;

    private RunningHandler(ChildProcess process, HttpClient http, string log, bool webhook) => (this.process, this.http, this.log, this.webhook) = (process, http, log, webhook);

    /// <summary>The handler's process id; behind the webhook, the host's.</summary>
    public int Pid => process.Pid;

    /// <summary>Starts it and returns when it answers.</summary>
    /// <param name="azurite">Where state is kept.</param>
    /// <param name="proxies">What it pushes to.</param>
    /// <param name="pki">Whom the proxies trust.</param>
    /// <param name="webhook">Whether the local host starts it, and events go to Event Grid's webhook.</param>
    public static async Task<RunningHandler> StartAsync(AzuriteProcess azurite, IEnumerable<ConfirmedProxy> proxies, TestPki pki, bool webhook)
    {
        var port = FreePorts.Take();
        var log = Path.GetTempFileName();
        var settings = new Dictionary<string, string>
        {
            ["FUNCTIONS_CUSTOMHANDLER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            [$"IngressReconciler__Clusters__{SyntheticCluster.Id}__Proxies"] = string.Join(',', proxies),
            [$"IngressReconciler__Clusters__{SyntheticCluster.Id}__AllowLoopbackEndpoints"] = "true",
            ["IngressReconciler__Admin__Certificate"] = Path.Combine(pki.Folder, "client/tls.crt"),
            ["IngressReconciler__Admin__Key"] = Path.Combine(pki.Folder, "client/tls.key"),
            ["IngressReconciler__Admin__Authority"] = Path.Combine(pki.Folder, "client/ca.crt"),
        };
        string[] arguments = webhook
            ? ["local", "--port", $"{port}", "--key", Key, "--app-root", Repository.Root, "--handler", Repository.Executable, "--cluster", SyntheticCluster.Id]
            : ["serve"];
        if (webhook)
            settings.Remove("FUNCTIONS_CUSTOMHANDLER_PORT");
        var process = await ChildProcess.StartAsync(log, Repository.Executable, arguments, settings);
        var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromMinutes(2) };
        await process.WaitUntilAsync(() => AnswersAsync(http), TimeSpan.FromSeconds(60));
        return new(process, http, log, webhook);
    }

    /// <summary>Delivers events; returns when the function has answered.</summary>
    public async Task PostAsync(params IEnumerable<byte[]> events)
    {
        var array = $"[{string.Join(',', events.Select(Encoding.UTF8.GetString))}]";
        var content = new ByteArrayContent(webhook ? Encoding.UTF8.GetBytes(array) : Envelope(array));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook ? $"runtime/webhooks/EventGrid?functionName=OnClusterEvents&code={Key}" : "OnClusterEvents") { Content = content };
        if (webhook)
            request.Headers.Add("aeg-event-type", "Notification");
        using var response = await http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"the handler answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}\n{Log}");
    }

    /// <summary>Waits until every proxy is seen to run all that was posted.</summary>
    public async Task SettledAsync()
    {
        for (var deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(2); ; await Task.Delay(50))
        {
            using var status = JsonDocument.Parse(await http.GetByteArrayAsync($"api/{SyntheticCluster.Id}/status{(webhook ? $"?code={Key}" : "")}"));
            var position = status.RootElement.GetProperty("position").GetString();
            var proxies = status.RootElement.GetProperty("proxies").EnumerateArray().ToArray();
            if (proxies.All(proxy => proxy.GetProperty("running").GetBoolean() && proxy.GetProperty("position").GetString() == position))
                return;
            if (TimeProvider.System.GetUtcNow() > deadline)
                throw new InvalidOperationException($"the proxies do not come to run what is wanted: {status.RootElement.GetProperty("proxies")}\n{Log}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await process.DisposeAsync();
        File.Delete(log);
    }

    private string Log => process.Output is { Length: > 4000 } output ? output[^4000..] : process.Output;

    private static async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync("");
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>As the host wraps events of a binding with cardinality many: the array as a string.</summary>
    private static byte[] Envelope(string array)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("Data");
            json.WriteString("events", array);
            json.WriteEndObject();
            json.WriteStartObject("Metadata");
            json.WriteStartObject("sys");
            json.WriteString("MethodName", "OnClusterEvents");
            json.WriteString("UtcNow", TimeProvider.System.GetUtcNow());
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
