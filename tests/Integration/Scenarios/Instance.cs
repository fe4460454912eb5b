using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using IngressReconciler.Handler;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary><c>ingress-reconciler serve</c> as a process of its own, called as the Functions host calls it.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private readonly ChildProcess process;
    private readonly HttpClient http;

    private Instance(ChildProcess process, int port)
    {
        this.process = process;
        http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>All that it wrote.</summary>
    public string Output => process.Output;

    /// <summary>Starts one for the stage's cluster and returns when it answers.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="instance">How the Functions host calls its machine.</param>
    public static async Task<Instance> StartAsync(Stage stage, string instance = "")
    {
        var port = FreePorts.Take();
        var cluster = $"IngressReconciler__Clusters__{stage.ClusterId}__";
        var process = await ChildProcess.StartAsync(Path.GetTempFileName(), Path.Combine(AppContext.BaseDirectory, "ingress-reconciler"), ["serve"], new Dictionary<string, string>
        {
            [IngressReconciler.Storage.StorageOptions.InstanceSetting] = instance,
            [HandlerServer.PortSetting] = port.ToString(CultureInfo.InvariantCulture),
            ["AzureWebJobsStorage"] = IngressReconciler.Storage.StorageOptions.AzuriteConnection(stage.StoragePort),
            [cluster + "Proxies"] = string.Join(',', stage.Proxies.Select(proxy => proxy.Address)),
            [cluster + "AllowLoopbackEndpoints"] = "true",
            ["IngressReconciler__Admin__Certificate"] = stage.Admin.Certificate,
            ["IngressReconciler__Admin__Key"] = stage.Admin.Key,
            ["IngressReconciler__Admin__Authority"] = stage.Admin.Authority,
        });
        var started = stage.Keep(new Instance(process, port));
        await process.WaitUntilAsync(started.AnswersAsync, TimeSpan.FromSeconds(60));
        return started;
    }

    /// <summary>Calls the function OnClusterEvents; the status of the answer, null when there was none.</summary>
    public async Task<HttpStatusCode?> SendAsync(params IEnumerable<JsonElement> events)
    {
        var body = $"{{\"Data\":{{\"events\":[{string.Join(',', events.Select(one => one.GetRawText()))}]}},\"Metadata\":{{}}}}";
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(new Uri("OnClusterEvents", UriKind.Relative), content, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => process.KillAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        http.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("", UriKind.Relative));
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
